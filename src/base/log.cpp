#include "base/log.h"

#include <atomic>
#include <cstdio>
#include <string>

namespace caption::log {
namespace {

std::atomic<Level> level{Level::normal};

void write(std::string_view kind, std::string_view message) {
  // One call, so that lines of several threads never mix.
  std::string line = "caption: ";
  line.append(kind).append(message).push_back('\n');
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void set_level(Level value) {
  level = value;
}

void error(std::string_view message) {
  write("error: ", message);
}

void warning(std::string_view message) {
  if (level != Level::quiet) write("warning: ", message);
}

void info(std::string_view message) {
  if (level != Level::quiet) write("", message);
}

}  // namespace caption::log
