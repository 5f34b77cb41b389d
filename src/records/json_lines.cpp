#include "records/json_lines.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "caption/error.h"

namespace caption {

JsonLines::JsonLines(std::filesystem::path file) : file_(std::move(file)), stream_(file_, std::ios::binary) {
  if (!stream_) fail(std::strerror(errno));
}

std::optional<Json> JsonLines::next() {
  std::string line;
  if (cut_ || !std::getline(stream_, line)) {
    if (stream_.bad()) fail("it could not be read to its end");
    return std::nullopt;
  }
  ++line_;
  const bool ended = !stream_.eof();
  Json json = ended ? Json::parse(line, nullptr, /*allow_exceptions=*/false) : Json();
  if (json.is_object()) {
    whole_ += line.size() + 1;
    return json;
  }
  if (ended && stream_.peek() != std::ifstream::traits_type::eof()) refuse("it is no JSON object");
  cut_ = true;
  return std::nullopt;
}

void JsonLines::refuse(const std::string& why) const {
  fail("line " + std::to_string(line_) + ": " + why);
}

void JsonLines::fail(const std::string& why) const {
  throw Error(ErrorKind::usage, "cannot read '" + file_.string() + "': " + why, file_);
}

}  // namespace caption
