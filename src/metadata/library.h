#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "caption/api.h"

namespace caption {

/// Whether a picture or an XMP file has a description: an alternative text (XMP's
/// Iptc4xmpCore:AltTextAccessibility), a description (XMP's dc:description) or a caption (IPTC's
/// Caption-Abstract) that is not blank. EXIF's ImageDescription, where cameras write their names, is none.
/// Throws Error(unreadable | unsupported_format | corrupt).
bool has_description(const std::filesystem::path& file);

/// The bytes of a picture or an XMP file with `text` as its alternative text and its description, in the
/// default language, and as IPTC's caption if it has IPTC data. Nothing else is changed; a picture's
/// compressed pixels are the same bytes. No bytes: a new XMP file. Throws Error(unsupported_format |
/// corrupt).
std::vector<std::byte> with_description(std::span<const std::byte> file, const std::string& text);

/// What needs Exiv2, as a table of functions: it lives in a shared library of its own, which is opened when
/// metadata are to be written.
struct MetadataLibrary {
  bool (*has_description)(const std::filesystem::path& file);
  std::vector<std::byte> (*with_description)(std::span<const std::byte> file, const std::string& text);
};

/// Opens that library. Throws Error(internal).
const MetadataLibrary& metadata_library();

}  // namespace caption

/// The library's one entry point.
extern "C" CAPTION_API const caption::MetadataLibrary* caption_metadata_library();
