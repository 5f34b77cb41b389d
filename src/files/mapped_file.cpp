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

/// Ends the life of a tensor's storage. It also marks the storage as one of ours.
void let_go(void* keeper) {
  delete static_cast<std::shared_ptr<const MappedFile>*>(keeper);
}

/// Whole pages inside of `bytes` only: the others may hold something else. Only for mapped files, whose
/// contents come back.
void release(std::span<const std::byte> bytes) {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + bytes.size()) / page * page;
  if (first >= last) return;
  // Only advice: without it the process looks larger.
  ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
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
    fail_to_open(path, std::string("cannot map the weight file: ") + std::strerror(errno));
  }
  // The small tensors that stay in use lie scattered among large ones that do not: a huge page around each
  // would make the process hold most of the file.
  ::madvise(start, size, reading == Reading::whole ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
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

at::Tensor MappedFile::tensor(std::span<const std::byte> part, at::ScalarType dtype) const {
  const auto count = static_cast<std::int64_t>(part.size() / c10::elementSize(dtype));
  // LibTorch wants a mutable pointer.
  auto* const start = const_cast<std::byte*>(part.data());
  return at::for_blob(start, {count})
      .context(new std::shared_ptr<const MappedFile>(shared_from_this()), &let_go)
      .options(at::TensorOptions(dtype))
      .make_tensor();
}

void MappedFile::fetch_pages() const {
  // Only advice: without it (before Linux 5.14) each page is fetched when it is first read.
#ifdef MADV_POPULATE_READ
  constexpr int kFetch = MADV_POPULATE_READ;
#else
  constexpr int kFetch = 22;  // its number, for C libraries before 2.35
#endif
  ::madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), kFetch);
}

void MappedFile::release_pages() const {
  release(bytes_);
}

std::optional<FilePlace> place_in_file(const at::Tensor& tensor) {
  const at::DataPtr& data = tensor.storage().data_ptr();
  if (data.get_deleter() != &let_go) return std::nullopt;
  const MappedFile& file = **static_cast<const std::shared_ptr<const MappedFile>*>(data.get_context());
  return FilePlace{&file, static_cast<std::size_t>(static_cast<const std::byte*>(tensor.const_data_ptr()) -
                                                   file.bytes().data())};
}

void release_pages(const at::Tensor& tensor) {
  const std::optional<FilePlace> place = place_in_file(tensor);
  if (!place || tensor.numel() == 0) return;
  std::int64_t last = 0;
  for (std::int64_t i = 0; i < tensor.dim(); ++i) last += (tensor.size(i) - 1) * tensor.stride(i);
  release(
      place->file->bytes().subspan(place->offset, static_cast<std::size_t>(last + 1) * tensor.itemsize()));
}

}  // namespace caption
