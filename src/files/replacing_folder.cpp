#include "files/replacing_folder.h"

#include <unistd.h>

#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

}  // namespace

ReplacingFolder::ReplacingFolder(fs::path target)
    : target_(target.has_filename() ? std::move(target) : target.parent_path()),
      // A hidden name, so that what an interrupt leaves is not taken for complete.
      staged_(target_.parent_path() / (std::string(".")
                                           .append(target_.filename().string())
                                           .append(".partial-")
                                           .append(std::to_string(::getpid())))) {
  std::error_code error;
  fs::create_directories(staged_, error);
  if (error) fail(error);
}

ReplacingFolder::~ReplacingFolder() {
  std::error_code ignored;
  fs::remove_all(staged_, ignored);
}

void ReplacingFolder::add(const fs::path& file, const std::string& name) const {
  std::error_code error;
  fs::copy_file(file, staged_ / name, error);
  if (error) {
    throw Error(ErrorKind::output,
                "cannot copy " + file.string() + " to " + staged_.string() + ": " + error.message(), file);
  }
}

void ReplacingFolder::link(const fs::path& file, const std::string& name) const {
  std::error_code error;
  fs::create_hard_link(file, staged_ / name, error);
  if (error) add(file, name);
}

void ReplacingFolder::keep() const {
  std::error_code error;
  fs::rename(staged_, target_, error);
  if (error) fail(error);
}

void ReplacingFolder::fail(const std::error_code& error) const {
  throw Error(ErrorKind::output, target_.string() + ": cannot be made: " + error.message(), target_);
}

}  // namespace caption
