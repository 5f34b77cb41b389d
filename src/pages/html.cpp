#include "pages/html.h"

#include <algorithm>
#include <charconv>

#include "base/base64.h"
#include "base/utf8.h"
#include "caption/error.h"

namespace caption {
namespace {

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

Html Html::markup(std::string_view html) {
  Html result;
  result.text_ = html;
  return result;
}

Html& Html::operator+=(const Html& more) {
  text_ += more.text_;
  return *this;
}

Html fill(std::string_view pattern, const std::vector<Field>& fields) {
  Html page;
  std::vector<bool> used(fields.size());
  for (std::size_t begin = 0; begin != std::string_view::npos;) {
    const std::size_t open = pattern.find("{{", begin);
    page += Html::markup(pattern.substr(begin, open - begin));
    if (open == std::string_view::npos) break;
    const std::size_t close = pattern.find("}}", open);
    const std::string_view name = pattern.substr(open + 2, close - open - 2);
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& candidate) { return candidate.name == name; });
    if (field == fields.end())
      throw Error(ErrorKind::internal, "a page has no value for '" + std::string(name) + "'");
    used[static_cast<std::size_t>(field - fields.begin())] = true;
    page += field->value;
    begin = close + 2;
  }
  if (std::find(used.begin(), used.end(), false) != used.end())
    throw Error(ErrorKind::internal, "a page has no place for one of its values");
  return page;
}

std::string data_uri(std::string_view type, std::span<const std::byte> bytes) {
  return std::string("data:").append(type).append(";base64,").append(base64(bytes));
}

Html page_head(const Page& page) {
  std::vector<Asset> styles = {assets::page_css};
  styles.insert(styles.end(), page.styles.begin(), page.styles.end());
  std::vector<Asset> scripts = {assets::page_js};
  scripts.insert(scripts.end(), page.scripts.begin(), page.scripts.end());

  std::string policy = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src";
  for (const Asset& style : styles) policy.append(" ").append(policy_hash(style));
  policy += "; script-src";
  for (const Asset& script : scripts) policy.append(" ").append(policy_hash(script));
  const auto all = [](std::string_view pattern, const std::vector<Asset>& list) {
    Html html;
    for (const Asset& asset : list) html += fill(pattern, {{"text", Html::markup(asset.text)}});
    return html;
  };
  Html reload;
  if (page.reload_seconds > 0)
    reload = fill("<meta http-equiv=\"refresh\" content=\"{{seconds}}\">\n",
                  {{"seconds", std::to_string(page.reload_seconds)}});
  return fill(assets::page_html.text, {{"reload", reload},
                                       {"policy", Html::markup(policy)},
                                       {"title", page.title},
                                       {"styles", all("<style>{{text}}</style>\n", styles)},
                                       {"scripts", all("<script>{{text}}</script>\n", scripts)}});
}

Html page_foot(const PageFoot& foot) {
  return fill(
      "<footer class=\"bottom page\"><p>Written by {{program}}</p>\n"
      "<p>The model's origin: {{origin}}. Its licence: {{license}}.</p>\n"
      "</footer>\n</body>\n</html>\n",
      {{"program", foot.program}, {"origin", foot.origin}, {"license", foot.license}});
}

}  // namespace caption
