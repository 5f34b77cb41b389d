#pragma once

#include <string_view>

#include "records/json.h"

namespace caption {

/// A JSON object from somebody whom we do not trust: memory stays in proportion to its texts. Throws
/// Problem(400) for what is none, is nested deeply or has very many values.
Json parse_json_object(std::string_view text);

}  // namespace caption
