#include "service/data_url.h"

#include <optional>
#include <string>
#include <utility>

#include "base/base64.h"
#include "service/problem.h"

namespace caption {

std::vector<std::byte> picture_of_base64(std::string_view text, const char* what) {
  std::optional<std::vector<std::byte>> bytes = from_base64(text);
  if (!bytes) throw bad_request(std::string(what) + " is no base64");
  return std::move(*bytes);
}

std::vector<std::byte> picture_of_data_url(std::string_view url) {
  const std::size_t comma = url.substr(0, 256).find(',');
  if (!url.starts_with("data:"))
    throw Problem(400, "url_not_fetched",
                  "no URL is fetched: send the picture itself, as data:image/jpeg;base64,...");
  if (comma == std::string_view::npos || !url.substr(0, comma).ends_with(";base64"))
    throw bad_request("a picture's data URL is data:image/jpeg;base64,...");
  return picture_of_base64(url.substr(comma + 1), "the data URL's picture");
}

}  // namespace caption
