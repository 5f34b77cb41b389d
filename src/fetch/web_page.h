#pragma once

#include <string>
#include <string_view>

namespace caption {

/// A page that came where weights were expected.
struct WebPage {
  enum class Kind {
    confirmation,  ///< Google Drive asks whether a file that it did not scan for viruses is wanted
    quota,         ///< Google Drive gives this file to nobody today
    sign_in,       ///< one must be signed in, or have been given access
    other,
  };
  Kind kind = Kind::other;
  std::string next;   ///< confirmation: the address that gives the file
  std::string title;  ///< what it calls itself; may be empty
};

/// Whether what begins with `text` is a page.
bool looks_like_page(std::string_view text);

/// What the page `html` says, which came from `address`.
WebPage read_page(std::string_view html, std::string_view address);

}  // namespace caption
