#include "embeddings/staged_file.h"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "caption/error.h"

namespace caption {

StagedFile::StagedFile(std::filesystem::path target, std::size_t head)
    : target_(std::move(target)),
      staged_(target_.parent_path() / ("." + target_.filename().string() + ".partial")),
      file_(staged_, std::ios::binary | std::ios::trunc),
      head_(head) {
  check();
  write(std::string(head, '\0'));
}

StagedFile::~StagedFile() {
  if (kept_) return;
  file_.close();
  std::error_code ignored;
  std::filesystem::remove(staged_, ignored);
}

void StagedFile::write(std::string_view bytes) {
  file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  check();
}

void StagedFile::keep(std::string_view head) {
  if (head.size() != head_)
    throw Error(ErrorKind::internal, "a file's beginning has another size than was left");
  file_.seekp(0);
  write(head);
  file_.close();
  check();
  std::error_code error;
  std::filesystem::rename(staged_, target_, error);
  if (error)
    throw Error(ErrorKind::output, "cannot write to " + target_.string() + ": " + error.message(), target_);
  kept_ = true;
}

void StagedFile::check() {
  if (file_) return;
  throw Error(ErrorKind::output, "cannot write to " + target_.string() + ": " + std::strerror(errno),
              target_);
}

}  // namespace caption
