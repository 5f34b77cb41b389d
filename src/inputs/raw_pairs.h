#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "inputs/selection.h"

// Cameras and telephones keep a picture as raw data and as a JPEG or HEIF, too: IMG_1.NEF beside IMG_1.JPG.
// Such a pair is one picture, and the second of its files is taken.

namespace caption {

/// Whether the names are those of such a pair, in one place.
bool is_raw_of(const std::string& raw, const std::string& picture);

/// Takes the raw files of pairs out of the names of files that lie together, and returns them, both in order.
std::vector<std::string> take_out_paired_raws(std::vector<std::string>& names);

/// Whether a raw file lies beside its JPEG or HEIF, as far as `patterns` take that; `below`: as for Patterns.
bool is_paired_raw(const std::filesystem::path& file, const std::filesystem::path& below,
                   const Patterns& patterns);

}  // namespace caption
