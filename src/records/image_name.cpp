#include "records/image_name.h"

#include <span>

#include "base/base64.h"
#include "base/utf8.h"

namespace caption {

Json image_name_json(const std::string& image) {
  Json json = {{"image", image}};
  if (!is_utf8(image)) json["image_base64"] = base64(std::as_bytes(std::span(image)));
  return json;
}

}  // namespace caption
