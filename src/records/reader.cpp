#include "records/reader.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "records/json.h"

namespace caption {
namespace {

/// Why a line is no record.
struct Damage {
  std::string why;
};

const Json& field(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) throw Damage{std::string("\"") + name + "\" is missing"};
  return *found;
}

std::string text(const Json& json, const char* name) {
  const Json& value = field(json, name);
  if (!value.is_string()) throw Damage{std::string("\"") + name + "\" is no text"};
  return value.get<std::string>();
}

double number(const Json& json, const char* name) {
  const Json& value = field(json, name);
  if (!value.is_number()) throw Damage{std::string("\"") + name + "\" is no number"};
  return value.get<double>();
}

Caption to_caption(const Json& json) {
  return {text(json, "caption"),
          {},
          number(json, "score"),
          number(json, "mean_logprob"),
          json.contains("unsure")};
}

Error to_error(const Json& json) {
  const std::string code = text(json, "code");
  for (int kind = 0; concerns_one_image(static_cast<ErrorKind>(kind)); ++kind) {
    if (code == error_code(static_cast<ErrorKind>(kind)))
      return {static_cast<ErrorKind>(kind), text(json, "message")};
  }
  throw Damage{"the error's code '" + code + "' is not known"};
}

StoredRecord to_record(const std::string& line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) throw Damage{"it is no JSON object"};
  StoredRecord stored{{text(json, "image"), {}, {}, {}}, text(json, "model")};
  Record& record = stored.record;
  if (const auto error = json.find("error"); error != json.end()) {
    record.error = to_error(*error);
  } else if (const auto captions = json.find("captions"); captions != json.end()) {
    for (const Json& caption : *captions) record.captions.push_back(to_caption(caption));
    if (record.captions.empty()) throw Damage{"\"captions\" is empty"};
  } else {
    record.captions.push_back(to_caption(json));
  }
  return stored;
}

}  // namespace

RecordReader::RecordReader(std::filesystem::path file)
    : file_(std::move(file)), stream_(file_, std::ios::binary) {
  if (!stream_) fail(std::strerror(errno));
}

std::optional<StoredRecord> RecordReader::next() {
  std::string line;
  if (cut_ || !std::getline(stream_, line)) {
    if (stream_.bad()) fail("it could not be read to its end");
    return std::nullopt;
  }
  ++line_;
  const bool ended = !stream_.eof();
  std::optional<Damage> damage;
  if (ended) {
    try {
      StoredRecord stored = to_record(line);
      whole_ += line.size() + 1;
      return stored;
    } catch (const Damage& found) {
      damage = found;
    }
  }
  if (ended && stream_.peek() != std::ifstream::traits_type::eof()) {
    fail("line " + std::to_string(line_) + " is no record: " + damage->why);
  }
  cut_ = true;
  return std::nullopt;
}

void RecordReader::fail(const std::string& why) const {
  throw Error(ErrorKind::usage, "cannot read the records in '" + file_.string() + "': " + why, file_);
}

}  // namespace caption
