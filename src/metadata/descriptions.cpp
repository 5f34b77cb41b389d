#include "metadata/descriptions.h"

#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "files/small_file.h"
#include "metadata/library.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// All bytes of a file; none if there is no such file.
std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad() || (!stream && fs::exists(file)))
    throw Error(ErrorKind::unreadable, "'" + file.string() + "' cannot be read", file);
  return bytes;
}

void describe(const fs::path& file, const std::string& text, bool keep_times) {
  const std::string before = bytes_of(file);
  const std::vector<std::byte> after =
      metadata_library().with_description(std::as_bytes(std::span(before)), text);
  replace_original(file, after, keep_times);
}

}  // namespace

fs::path metadata_file(const fs::path& picture, MetadataPlace place) {
  return place == MetadataPlace::picture ? picture : fs::path(picture.string() + ".xmp");
}

void Descriptions::write(const Record& record) {
  if (record.error) return;
  const std::string text = single_line(record.captions.at(0).text);
  if (text.find_first_not_of(' ') == std::string::npos) return;
  try {
    describe(metadata_file(record.image, place_), text, keep_times_);
  } catch (const Error& error) {
    ++failed_;
    log::error(
        printable("cannot write the caption into the metadata of '" + record.image + "': " + error.what()));
  }
}

}  // namespace caption
