#include "base/log.h"

#include <atomic>
#include <cstdio>
#include <string>

namespace caption::log {
namespace {

std::string plain(std::string_view kind, std::string_view message) {
  std::string text = "caption: ";
  if (kind != "note") text.append(kind).append(": ");
  return text.append(message).append("\n");
}

std::atomic<Level> level{Level::normal};
std::atomic<Line> line{plain};

void write(std::string_view kind, std::string_view message) {
  // One call, so that lines of several threads never mix.
  const std::string text = line.load()(kind, message);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

void set_level(Level value) {
  level = value;
}

void set_line(Line value) {
  line = value;
}

void error(std::string_view message) {
  write("error", message);
}

void warning(std::string_view message) {
  if (level != Level::quiet) write("warning", message);
}

void info(std::string_view message) {
  if (level != Level::quiet) write("note", message);
}

}  // namespace caption::log
