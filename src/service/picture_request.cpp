#include "service/picture_request.h"

#include <optional>
#include <utility>

#include "service/data_url.h"
#include "service/problem.h"

namespace caption {
namespace {

/// A member that is text, or nothing if there is none.
std::optional<std::string> text_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end()) return std::nullopt;
  if (!found->is_string()) throw bad_request("\"" + std::string(member) + "\" is no text");
  return found->get<std::string>();
}

std::string bytes_as_name(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Input input_of_bytes(std::string name, std::vector<std::byte> bytes) {
  Input input;
  input.name = name.empty() ? "-" : std::move(name);
  input.bytes = [bytes = std::move(bytes)]() mutable { return std::move(bytes); };
  return input;
}

Input input_of_json(const Json& object, const PictureFolder* folder) {
  const std::optional<std::string> image = text_of(object, "image");
  std::optional<std::string> path = text_of(object, "path");
  if (const std::optional<std::string> encoded = text_of(object, "path_base64"))
    path = bytes_as_name(picture_of_base64(*encoded, "\"path_base64\""));
  if (image.has_value() == path.has_value())
    throw bad_request("a picture is either \"image\", its bytes in base64, or \"path\", its name");
  if (image) {
    return input_of_bytes(text_of(object, "name").value_or(""), image->starts_with("data:")
                                                                    ? picture_of_data_url(*image)
                                                                    : picture_of_base64(*image, "\"image\""));
  }
  if (folder == nullptr) {
    throw Problem(403, "files_not_read",
                  "no files are opened here: send the picture itself as \"image\" (whoever starts the server "
                  "can name a "
                  "folder whose files may be read)");
  }
  Input input;
  input.name = *path;
  input.bytes = [folder, name = std::move(*path)] { return folder->read(name); };
  return input;
}

}  // namespace caption
