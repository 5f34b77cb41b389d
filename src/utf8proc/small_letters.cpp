#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/utf8.h"
#include "caption/error.h"
#include "text/unicode_library.h"

namespace caption {
namespace {

std::string composed(std::string_view utf8) {
  utf8proc_uint8_t* result = nullptr;
  const utf8proc_ssize_t length = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(utf8.data()), static_cast<utf8proc_ssize_t>(utf8.size()),
      &result, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(result, std::free);
  if (length < 0)
    throw Error(ErrorKind::internal, std::string("utf8proc cannot compose: ") + utf8proc_errmsg(length));
  return {reinterpret_cast<const char*>(result), static_cast<std::size_t>(length)};
}

std::string small_letters(std::string_view utf8) {
  constexpr char32_t kCapitalIWithDot = 0x130;  // the one capital whose small form is two characters
  const std::string text = composed(utf8);
  std::string small;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    at += point.bytes;
    if (point.value == kCapitalIWithDot) {
      small += "i\u0307";
    } else {
      append_utf8(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(point.value))), small);
    }
  }
  return small;
}

}  // namespace
}  // namespace caption

const caption::UnicodeLibrary* caption_unicode_library() {
  static constexpr caption::UnicodeLibrary kLibrary = {.small_letters = &caption::small_letters};
  return &kLibrary;
}
