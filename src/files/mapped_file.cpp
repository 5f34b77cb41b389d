#include "files/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "caption/error.h"
#include "files/descriptor.h"
#include "files/mapped_ranges.h"

namespace caption {

static_assert(std::endian::native == std::endian::little, "numbers are used as they lie in the file");

namespace {

[[noreturn]] void fail_to_open(const std::filesystem::path& path, const std::string& detail) {
  throw Error(ErrorKind::model, path.string() + ": " + detail, path);
}

/// All of a file in pages of its own, which can only be read.
std::span<const std::byte> read_all(const std::filesystem::path& path, int descriptor, std::size_t size) {
  void* const start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) fail_to_open(path, "not enough memory to read it");
  auto* const bytes = static_cast<std::byte*>(start);
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = ::read(descriptor, bytes + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      const std::string reason = got == 0 ? "it became shorter meanwhile" : std::strerror(errno);
      ::munmap(start, size);
      fail_to_open(path, "cannot be read: " + reason);
    }
    done += static_cast<std::size_t>(got);
  }
  ::mprotect(start, size, PROT_READ);
  return {bytes, size};
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path, Reading reading) {
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
    const int reason = errno;
    log::info(path.string() + ": cannot be mapped (" + std::strerror(reason) +
              "), as on some network file systems: it is read into memory");
    return std::shared_ptr<const MappedFile>(new MappedFile(path, read_all(path, file.fd, size)));
  }
  // The small tensors that stay in use lie scattered among large ones that do not: a huge page around each
  // would make the process hold most of the file.
  ::madvise(start, size, reading == Reading::whole ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  const std::shared_ptr<const MappedFile> mapped(
      new MappedFile(path, std::span(static_cast<const std::byte*>(start), size)));
  remember_mapping(mapped->bytes(), mapped->path().c_str());
  return mapped;
}

MappedFile::MappedFile(std::filesystem::path path, std::span<const std::byte> bytes)
    : path_(std::move(path)), bytes_(bytes) {}

MappedFile::~MappedFile() {
  forget_mapping(bytes_);
  ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::fail(const std::string& detail) const {
  fail_to_open(path_, detail);
}

void MappedFile::fetch_pages() const {
  if (mapped_file_at(bytes_.data()) == nullptr) return;  // there is no file behind them
    // Only advice: without it (before Linux 5.14) each page is fetched when it is first read.
#ifdef MADV_POPULATE_READ
  constexpr int kFetch = MADV_POPULATE_READ;
#else
  constexpr int kFetch = 22;  // its number, for C libraries before 2.35
#endif
  ::madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), kFetch);
}

void MappedFile::release_pages(std::span<const std::byte> part) const {
  if (mapped_file_at(part.data()) == nullptr) return;  // without a file behind them, they would be lost
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + part.size()) / page * page;
  if (first >= last) return;
  // Only advice: without it the process looks larger.
  ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace caption
