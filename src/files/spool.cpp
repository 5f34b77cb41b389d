#include "files/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "caption/error.h"

namespace caption {
namespace {

/// Stands before each text.
using Length = std::uint32_t;

std::filesystem::path folder() {
  const char* const own = std::getenv("TMPDIR");
  return own != nullptr && *own != '\0' ? own : "/tmp";
}

}  // namespace

void Spool::add(std::string_view text) {
  if (!file_) open();
  const auto length = static_cast<Length>(text.size());
  if (std::fwrite(&length, sizeof length, 1, file_.get()) != 1 ||
      std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size())
    fail(errno);
}

void Spool::rewind() {
  if (file_ && (std::fflush(file_.get()) != 0 || std::fseek(file_.get(), 0, SEEK_SET) != 0)) fail(errno);
}

std::optional<std::string> Spool::next() {
  Length length = 0;
  if (!file_) return std::nullopt;
  if (std::fread(&length, sizeof length, 1, file_.get()) != 1) {
    if (std::ferror(file_.get()) != 0) fail(errno);
    return std::nullopt;
  }
  std::string text(length, '\0');
  if (std::fread(text.data(), 1, length, file_.get()) != length) fail(errno);
  return text;
}

void Spool::open() {
  std::string name = folder() / "caption-XXXXXX";
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) fail(errno);
  ::unlink(name.c_str());
  file_.reset(::fdopen(descriptor, "w+"));
  if (!file_) fail(errno);
}

void Spool::fail(int reason) {
  throw Error(ErrorKind::output, "cannot keep the inputs' names for a while in '" + folder().string() +
                                     "' ($TMPDIR): " + std::strerror(reason));
}

}  // namespace caption
