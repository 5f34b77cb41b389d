#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pages/assets.h"

namespace caption {

/// Any bytes as text for an element or for an attribute in quotes. Bytes that are no UTF-8 and control
/// characters, which HTML does not have, become U+FFFD.
std::string escape_html(std::string_view text);

/// A piece of a page. Texts become one by being escaped: nothing gets into a page as it is but what `markup`
/// was given, which are constants of this program.
class Html {
 public:
  Html() = default;
  Html(std::string_view any_text) : text_(escape_html(any_text)) {}
  Html(const std::string& any_text) : Html(std::string_view(any_text)) {}
  Html(const char* any_text) : Html(std::string_view(any_text)) {}

  static Html markup(std::string_view html);

  Html& operator+=(const Html& more);
  friend Html operator+(Html left, const Html& right) { return left += right; }

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

/// A name in a template, and what takes its place.
struct Field {
  std::string_view name;
  Html value;
};

/// `pattern`, which is markup, with each {{NAME}} replaced by the field's value: in an element or in an
/// attribute in double quotes. Throws Error(internal) for a name without a field, and for a field without a
/// name.
Html fill(std::string_view pattern, const std::vector<Field>& fields);

/// "data:TYPE;base64,...", for an attribute.
std::string data_uri(std::string_view type, std::span<const std::byte> bytes);

/// A page that needs nothing but itself.
struct Page {
  std::string title;           ///< any bytes
  std::vector<Asset> styles;   ///< after page.css
  std::vector<Asset> scripts;  ///< after page.js; run before the body is there
  int reload_seconds = 0;      ///< after which a browser loads it again; 0: never
};

/// All of the page up to and with <body>. Its content security policy lets it run its own scripts and styles
/// and show images that are written into it: there are no other requests, and no style attributes. An element
/// of class "theme" gets the switch between light and dark.
Html page_head(const Page& page);

/// What made a page, and which model is in it.
struct PageFoot {
  std::string program;  ///< with its version
  std::string origin;   ///< the bundle's: where it comes from
  std::string license;  ///< and its terms
};

/// The page's end, from <footer> to </html>.
Html page_foot(const PageFoot& foot);

}  // namespace caption
