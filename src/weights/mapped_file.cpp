#include "weights/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "caption/error.h"

namespace caption {

static_assert(std::endian::native == std::endian::little, "tensors are used as they lie in the file");

namespace {

[[noreturn]] void fail_to_open(const std::filesystem::path& path, const std::string& detail) {
  throw Error(ErrorKind::model, path.string() + ": " + detail, path);
}

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
  // Without O_NONBLOCK a named pipe would wait here for a writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd < 0) {
    if (errno == ENOENT) fail_to_open(path, "no such weight file");
    fail_to_open(path, std::string("cannot open the weight file: ") + std::strerror(errno));
  }
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) {
    fail_to_open(path, std::string("cannot examine the weight file: ") + std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) fail_to_open(path, "is a folder; expected a weight file");
  if (!S_ISREG(status.st_mode)) fail_to_open(path, "is no regular file; weights are mapped, not streamed");
  if (status.st_size == 0) fail_to_open(path, "is empty; expected a weight file: fetch it again");
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (start == MAP_FAILED) {
    fail_to_open(path, std::string("cannot map the weight file: ") + std::strerror(errno));
  }
  return std::shared_ptr<const MappedFile>(
      new MappedFile(path, std::span(static_cast<const std::byte*>(start), size)));
}

MappedFile::MappedFile(std::filesystem::path path, std::span<const std::byte> bytes)
    : path_(std::move(path)), bytes_(bytes) {}

MappedFile::~MappedFile() {
  ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::fail(const std::string& detail) const {
  fail_to_open(path_, detail);
}

ByteReader::ByteReader(const MappedFile& file, std::string what, std::span<const std::byte> bytes)
    : file_(file), what_(std::move(what)), bytes_(bytes) {}

std::span<const std::byte> ByteReader::take(std::uint64_t count) {
  if (count > remaining()) {
    fail("expected " + std::to_string(count) + " more bytes, found " + std::to_string(remaining()) +
         "; the file is truncated or damaged: fetch it again");
  }
  const auto taken = bytes_.subspan(position_, static_cast<std::size_t>(count));
  position_ += taken.size();
  return taken;
}

std::string ByteReader::text(std::uint64_t count) {
  return as_text(take(count));
}

std::string ByteReader::line(std::size_t most) {
  std::string text;
  while (text.size() <= most) {
    const char c = static_cast<char>(u8());
    if (c == '\n') return text;
    text += c;
  }
  fail("a line of more than " + std::to_string(most) + " bytes");
}

std::uint64_t ByteReader::number(std::size_t width) {
  const auto bytes = take(width);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), width);
  return value;
}

void ByteReader::fail(const std::string& detail) const {
  file_.fail(what_ + ", byte " + std::to_string(position_) + ": " + detail);
}

std::string as_text(std::span<const std::byte> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::string shown(const std::string& text) {
  constexpr std::size_t kMost = 200;
  std::string result = text.substr(0, kMost);
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text.size() > kMost ? result + "..." : result;
}

}  // namespace caption
