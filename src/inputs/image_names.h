#pragma once

#include <string>
#include <string_view>

namespace caption {

/// Whether `name` ends, in any case, like a file of a format that we read.
bool has_image_extension(std::string_view name);

/// Whether that is cameras' raw data.
bool is_raw_name(std::string_view name);

/// Whether it ends like a drawing, which is read if that is asked for: has_image_extension does not count it.
bool is_drawing_name(std::string_view name);

/// Of a picture of another format, or a video, by its name's end: "HEIC". Nothing for other files.
std::string other_picture_kind(std::string_view name);

/// The endings, for a person: ".jpg, .jpeg, ..."; with `line_end` instead of a blank before each tenth or so.
std::string image_extensions_text(std::string_view line_end = " ");

}  // namespace caption
