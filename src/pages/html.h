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

/// "data:TYPE;base64,...", for an attribute.
std::string data_uri(std::string_view type, std::span<const std::byte> bytes);

/// <TAG ATTRIBUTES>CONTENT</TAG>, all as they are; `attributes` begins with a space or is empty.
std::string element(const std::string& tag, const std::string& attributes, const std::string& content);

/// ' NAME="ANY TEXT"', the text escaped.
std::string attribute(const std::string& name, const std::string& any_text);

/// A page that needs nothing but itself.
struct Page {
  std::string title;           ///< any bytes
  std::vector<Asset> styles;   ///< after page.css
  std::vector<Asset> scripts;  ///< after page.js; run before the body is there
};

/// All of the page up to and with <body>. Its content security policy lets it run its own scripts and styles
/// and show images that are written into it: there are no other requests, and no style attributes. An element
/// of class "theme" gets the switch between light and dark.
std::string page_head(const Page& page);

}  // namespace caption
