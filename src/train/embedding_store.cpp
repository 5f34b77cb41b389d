#include "train/embedding_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "caption/error.h"
#include "embeddings/numpy.h"
#include "files/write_all.h"
#include "records/json.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

std::string all_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

EmbeddingStore::EmbeddingStore(fs::path folder, const std::string& encoder, std::int64_t width)
    : names_file_(folder / "embeddings.jsonl"), values_file_(folder / "embeddings.npy"), width_(width) {
  std::error_code error;
  fs::create_directories(folder, error);
  names_ = ::open(names_file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (names_ < 0) fail(names_file_, "cannot open");
  try {
    if (::flock(names_, LOCK_EX | LOCK_NB) != 0)
      throw Error(ErrorKind::output,
                  "another training has " + names_file_.string() + ": wait for it, or end it", names_file_);
    values_ = ::open(values_file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (values_ < 0) fail(values_file_, "cannot open");
    read_names(encoder);
    write_header();
  } catch (...) {
    ::close(names_);
    if (values_ >= 0) ::close(values_);
    throw;
  }
}

EmbeddingStore::~EmbeddingStore() {
  ::close(names_);
  ::close(values_);
}

void EmbeddingStore::read_names(const std::string& encoder) {
  const std::string text = all_of(names_file_);
  const std::string first = json_line({{"encoder", encoder}, {"width", width_}});
  struct stat status {};
  if (::fstat(values_, &status) != 0) fail(values_file_, "cannot read");
  const auto bytes = static_cast<std::size_t>(status.st_size);
  const std::size_t whole = bytes < kNumpyHead ? 0 : (bytes - kNumpyHead) / row_bytes();
  std::size_t end = text.find('\n');
  if (end != std::string::npos && text.substr(0, end + 1) != first) {
    throw Error(
        ErrorKind::usage,
        names_file_.string() + " has embeddings of another encoder: name another folder, or remove this one",
        names_file_);
  }
  if (end == std::string::npos) {
    if (::ftruncate(names_, 0) != 0 || ::ftruncate(values_, 0) != 0) fail(names_file_, "cannot write");
    append(names_, std::as_bytes(std::span(first)), names_file_);
    return;
  }
  std::size_t begin = end + 1;
  for (; rows_ < whole; begin = end + 1, ++rows_) {
    end = text.find('\n', begin);
    if (end == std::string::npos) break;
    const Json line = Json::parse(text.substr(begin, end - begin), nullptr, false);
    if (!line.is_object()) break;
    known_[line.value("image", "")] = {
        {line.value("bytes", std::uint64_t{0}), line.value("changed", std::int64_t{0})}, rows_};
  }
  if (::ftruncate(names_, static_cast<off_t>(begin)) != 0 || ::lseek(names_, 0, SEEK_END) < 0)
    fail(names_file_, "cannot write");
  if (::ftruncate(values_, static_cast<off_t>(kNumpyHead + rows_ * row_bytes())) != 0)
    fail(values_file_, "cannot write");
}

void EmbeddingStore::write_header() {
  const std::string header = numpy_head(rows_, static_cast<std::size_t>(width_));
  if (::pwrite(values_, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size()))
    fail(values_file_, "cannot write");
}

std::optional<std::size_t> EmbeddingStore::find(const PictureFile& picture) const {
  const auto found = known_.find(picture.name);
  if (found == known_.end() || found->second.state != picture.state) return std::nullopt;
  return found->second.row;
}

void EmbeddingStore::add(const PictureFile& picture, std::span<const float> embedding) {
  if (static_cast<std::int64_t>(embedding.size()) != width_)
    throw Error(ErrorKind::internal, "an embedding of another width");
  if (::lseek(values_, static_cast<off_t>(kNumpyHead + rows_ * row_bytes()), SEEK_SET) < 0)
    fail(values_file_, "cannot write");
  append(values_, std::as_bytes(embedding), values_file_);
  // The name comes last: a row without one does not count.
  const std::string line = json_line(
      {{"image", picture.name}, {"bytes", picture.state.bytes}, {"changed", picture.state.changed_ns}});
  append(names_, std::as_bytes(std::span(line)), names_file_);
  known_[picture.name] = {picture.state, rows_++};
  write_header();
}

Tensor EmbeddingStore::read(std::span<const std::size_t> rows) const {
  Tensor values = Tensor::empty({static_cast<std::int64_t>(rows.size()), width_});
  float* to = values.mutable_data();
  for (const std::size_t row : rows) {
    const auto from = static_cast<off_t>(kNumpyHead + row * row_bytes());
    if (::pread(values_, to, row_bytes(), from) != static_cast<ssize_t>(row_bytes()))
      fail(values_file_, "cannot read");
    to += width_;
  }
  return values;
}

void EmbeddingStore::append(int descriptor, std::span<const std::byte> bytes, const fs::path& file) const {
  errno = write_all(descriptor, bytes);
  if (errno != 0) fail(file, "cannot write");
}

void EmbeddingStore::fail(const fs::path& file, const char* what) const {
  throw Error(ErrorKind::output, std::string(what) + " '" + file.string() + "': " + std::strerror(errno),
              file);
}

}  // namespace caption
