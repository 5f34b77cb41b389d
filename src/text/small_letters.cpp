#include "text/small_letters.h"

#include <algorithm>

#include "base/shared_library.h"
#include "text/unicode_library.h"

namespace caption {

std::string small_letters(std::string_view utf8) {
  const bool ascii =
      std::all_of(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii) {
    static const UnicodeLibrary& library = from_module<decltype(&caption_unicode_library)>(
        "libcaption_utf8proc.so", "caption_unicode_library", "small letters beyond ASCII");
    return library.small_letters(utf8);
  }
  std::string small(utf8);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

}  // namespace caption
