#include "pages/html.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>

#include "base/utf8.h"

namespace caption {
namespace {

std::string base64(std::span<const std::byte> bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      three = three << 8U | (i + k < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k > bytes.size() ? '=' : kDigits[three >> (18 - 6 * k) & 63U];
    }
  }
  return text;
}

/// As a content security policy names an inline script or style.
std::string policy_hash(const Asset& asset) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < asset.sha256.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(asset.sha256.data() + i, asset.sha256.data() + i + 2, byte, 16);
    bytes.push_back(static_cast<std::byte>(byte));
  }
  return "'sha256-" + base64(bytes) + "'";
}

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

bool is_forbidden_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x7f || (byte < 0x20 && c != '\t' && c != '\n');
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string result;
  for (const char c : replace_invalid_utf8(std::string(text))) {
    if (const std::string_view name = entity(c); !name.empty()) {
      result += name;
    } else if (is_forbidden_control(c)) {
      result += "\xEF\xBF\xBD";
    } else {
      result += c;
    }
  }
  return result;
}

std::string data_uri(std::string_view type, std::span<const std::byte> bytes) {
  return std::string("data:").append(type).append(";base64,").append(base64(bytes));
}

std::string element(const std::string& tag, const std::string& attributes, const std::string& content) {
  return std::string("<")
             .append(tag)
             .append(attributes)
             .append(">")
             .append(content)
             .append("</")
             .append(tag) +
         ">";
}

std::string attribute(const std::string& name, const std::string& any_text) {
  return std::string(" ").append(name).append("=\"").append(escape_html(any_text)).append("\"");
}

std::string page_head(const Page& page) {
  std::vector<Asset> styles = {assets::page_css};
  styles.insert(styles.end(), page.styles.begin(), page.styles.end());
  std::vector<Asset> scripts = {assets::page_js};
  scripts.insert(scripts.end(), page.scripts.begin(), page.scripts.end());

  std::string policy = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src";
  for (const Asset& style : styles) policy.append(" ").append(policy_hash(style));
  policy += "; script-src";
  for (const Asset& script : scripts) policy.append(" ").append(policy_hash(script));

  std::string head =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"";
  head.append(policy).append(
      "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" "
      "content=\"no-referrer\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>");
  head.append(escape_html(page.title)).append("</title>\n");
  for (const Asset& style : styles) head.append("<style>").append(style.text).append("</style>\n");
  for (const Asset& script : scripts) head.append("<script>").append(script.text).append("</script>\n");
  return head + "</head>\n<body>\n";
}

}  // namespace caption
