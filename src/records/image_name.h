#pragma once

#include <string>

#include "records/json.h"

namespace caption {

/// The fields that name an image: {"image"}, and "image_base64" where its bytes are no UTF-8.
Json image_name_json(const std::string& image);

}  // namespace caption
