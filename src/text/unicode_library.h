#pragma once

#include <string>
#include <string_view>

#include "caption/api.h"

namespace caption {

/// What needs Unicode's tables of letters that are composed or small, as a table of functions: they live in a
/// shared library of their own, as no caption needs them.
struct UnicodeLibrary {
  std::string (*small_letters)(std::string_view utf8);  ///< see text/small_letters.h
};

}  // namespace caption

/// The library's one entry point.
extern "C" CAPTION_API const caption::UnicodeLibrary* caption_unicode_library();
