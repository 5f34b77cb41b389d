#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "inputs/input.h"
#include "records/json.h"
#include "service/picture_folder.h"

namespace caption {

/// An input whose bytes are there already.
Input input_of_bytes(std::string name, std::vector<std::byte> bytes);

/// The picture that a JSON object asks a caption for: {"image": BASE64 or a data URL, "name"} or {"path"} or
/// {"path_base64"}, a file of `folder`, which may be null: then there is none. Other members are left alone.
/// Throws Problem(400 | 403).
Input input_of_json(const Json& object, const PictureFolder* folder);

}  // namespace caption
