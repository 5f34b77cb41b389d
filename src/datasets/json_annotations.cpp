#include "datasets/json_annotations.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "caption/error.h"
#include "datasets/image_list.h"

namespace caption {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& why) {
  throw Error(ErrorKind::usage, "cannot read '" + file.string() + "': " + why, file);
}

/// A record's field, if it is there and not null.
const Json* field(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found == record.end() || found->is_null() ? nullptr : &*found;
}

/// Where a record stands, for messages: "line 3", "record 3".
struct Place {
  const std::filesystem::path& file;
  std::string what;

  [[noreturn]] void fail(const std::string& why) const { caption::fail(file, what + ": " + why); }
};

/// A number, which may be written as text.
std::optional<std::int64_t> as_id(const Json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  const bool digits = !text.empty() && text.size() < 19 &&
                      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::optional<std::int64_t>(std::stoll(text)) : std::nullopt;
}

AnnotatedImage& image_of(const Json& record, ImageList& images, const Place& place) {
  for (const char* const name : {"image", "file_name", "filename", "file", "path", "image_path"}) {
    const Json* const value = field(record, name);
    if (value == nullptr || !value->is_string()) continue;
    // Karpathy's files have the folder in a field of its own.
    const Json* const folder = field(record, "filepath");
    const std::string below =
        folder != nullptr && folder->is_string() ? folder->get<std::string>() + "/" : "";
    AnnotatedImage& image = images.image(below + value->get<std::string>());
    for (const char* const id : {"image_id", "cocoid"})
      if (const Json* const number = field(record, id); number != nullptr) image.id = as_id(*number);
    return image;
  }
  for (const char* const name : {"image_id", "cocoid", "image", "id"}) {
    const Json* const value = field(record, name);
    if (value == nullptr) continue;
    if (const auto id = as_id(*value)) return images.image(*id);
    if (value->is_string()) return images.image(value->get<std::string>());
  }
  place.fail("it names no picture: there is no image, image_id, file_name or the like");
}

/// Adds captions: a text, a list of them, or a list of objects that have one.
void add_captions(const Json& value, AnnotatedImage& image, const Place& place) {
  if (value.is_string()) {
    image.captions.push_back(value.get<std::string>());
    return;
  }
  if (value.is_object()) {
    for (const char* const name : {"raw", "caption", "text"}) {
      const Json* const text = field(value, name);
      if (text != nullptr && text->is_string()) return add_captions(*text, image, place);
    }
  }
  if (!value.is_array()) place.fail("a caption is no text");
  for (const Json& one : value) {
    if (one.is_array()) place.fail("a caption is no text");
    add_captions(one, image, place);
  }
}

/// -> whether the record has a field for them
bool add_captions_of(const Json& record, CaptionFields fields, AnnotatedImage& image, const Place& place) {
  std::array<const char*, 4> names = {"captions", "sentences", "references", "caption"};
  if (fields == CaptionFields::best) names = {"caption", "captions", "sentences", "references"};
  for (const char* const name : names) {
    const Json* const value = field(record, name);
    if (value == nullptr) continue;
    add_captions(*value, image, place);
    return true;
  }
  return false;
}

void add_record(const Json& record, CaptionFields fields, ImageList& images, const Place& place) {
  if (!record.is_object()) place.fail("it is no JSON object");
  AnnotatedImage& image = image_of(record, images, place);
  if (const Json* const split = field(record, "split"); split != nullptr && split->is_string())
    image.split = split->get<std::string>();
  if (field(record, "error") != nullptr) {
    image.failed = true;
    return;
  }
  if (!add_captions_of(record, fields, image, place))
    place.fail("it has no caption: there is neither \"caption\" nor \"captions\"");
}

void add_coco(const Json& all, ImageList& images, const std::filesystem::path& file) {
  if (const Json* const list = field(all, "images"); list != nullptr && list->is_array()) {
    std::size_t number = 0;
    for (const Json& one : *list) {
      const Place place{file, "image " + std::to_string(++number)};
      const Json* const id = one.is_object() ? field(one, "id") : nullptr;
      if (id == nullptr || !as_id(*id)) place.fail("it has no \"id\" that is a number");
      AnnotatedImage& image = images.image(*as_id(*id));
      const Json* const name = field(one, "file_name");
      if (name != nullptr && name->is_string()) image.name = name->get<std::string>();
    }
  }
  const Json& annotations = all["annotations"];
  std::size_t number = 0;
  for (const Json& one : annotations) {
    const Place place{file, "annotation " + std::to_string(++number)};
    const Json* const id = one.is_object() ? field(one, "image_id") : nullptr;
    const Json* const caption = one.is_object() ? field(one, "caption") : nullptr;
    if (id == nullptr || !as_id(*id)) place.fail("it has no \"image_id\" that is a number");
    if (caption == nullptr)
      place.fail("it has no \"caption\": annotations of objects and key points are in other files");
    add_captions(*caption, images.image(*as_id(*id)), place);
  }
}

void add_all(const Json& all, CaptionFields fields, ImageList& images, const std::filesystem::path& file) {
  std::size_t number = 0;
  const auto add_list = [&](const Json& list, const char* what) {
    for (const Json& record : list)
      add_record(record, fields, images, {file, what + std::to_string(++number)});
  };
  if (all.is_array()) return add_list(all, "record ");
  const Json* const annotations = field(all, "annotations");
  if (annotations != nullptr && annotations->is_array()) return add_coco(all, images, file);
  const Json* const list = field(all, "images");
  if (list != nullptr && list->is_array()) return add_list(*list, "image ");
  for (const auto& [name, captions] : all.items())
    add_captions(captions, images.image(name), {file, "'" + name + "'"});
}

bool is_record(const Json& json) {
  return json.is_object() && (field(json, "caption") != nullptr || field(json, "captions") != nullptr ||
                              field(json, "error") != nullptr || field(json, "sentences") != nullptr);
}

void add_lines(const std::string& text, CaptionFields fields, ImageList& images,
               const std::filesystem::path& file) {
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const Place place{file, "line " + std::to_string(++number)};
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) place.fail("it is no JSON, or is cut off");
    add_record(json, fields, images, place);
  }
}

}  // namespace

std::vector<AnnotatedImage> read_json_annotations(const std::string& text, const std::filesystem::path& file,
                                                  CaptionFields fields) {
  ImageList images;
  const std::size_t line_end = std::min(text.find('\n'), text.size());
  const Json first = Json::parse(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(line_end), nullptr,
                                 /*allow_exceptions=*/false);
  if (is_record(first)) {
    add_lines(text, fields, images, file);
    return images.take();
  }
  try {
    add_all(Json::parse(text), fields, images, file);
  } catch (const Json::parse_error& error) {
    const std::size_t at = std::min(error.byte == 0 ? 0 : error.byte - 1, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    fail(file, "line " + std::to_string(line) + ": it is no JSON from there on, or is cut off");
  }
  return images.take();
}

void add_json_captions(const std::string& text, const std::filesystem::path& file, AnnotatedImage& image) {
  const Json record = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) fail(file, "it is no JSON object");
  add_captions_of(record, CaptionFields::all, image, {file, "its object"});
}

}  // namespace caption
