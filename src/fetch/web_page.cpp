#include "fetch/web_page.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <utility>

#include "fetch/address.h"

namespace caption {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

/// Without the entities that stand in addresses and titles.
std::string decode(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 6> kEntities = {
      {{"&amp;", '&'}, {"&quot;", '"'}, {"&#39;", '\''}, {"&#x27;", '\''}, {"&lt;", '<'}, {"&gt;", '>'}}};
  std::string result;
  while (!text.empty()) {
    const auto entity = std::find_if(kEntities.begin(), kEntities.end(),
                                     [&](const auto& entry) { return text.starts_with(entry.first); });
    const bool found = entity != kEntities.end();
    result += found ? entity->second : text.front();
    text.remove_prefix(found ? entity->first.size() : 1);
  }
  return result;
}

/// The value of `name="..."` in the tag `tag`; empty if it is not there.
std::string attribute(std::string_view tag, std::string_view name) {
  for (const char quote : {'"', '\''}) {
    const std::string start = std::string(" ").append(name) + "=" + quote;
    const std::size_t at = tag.find(start);
    if (at == std::string_view::npos) continue;
    const std::string_view value = tag.substr(at + start.size());
    return decode(value.substr(0, value.find(quote)));
  }
  return {};
}

/// Calls `take` with each tag that begins with `start`, "<input", until it returns true.
template <typename Take>
bool find_tag(std::string_view html, std::string_view start, const Take& take) {
  for (std::size_t at = html.find(start); at != std::string_view::npos; at = html.find(start, at + 1)) {
    const std::string_view rest = html.substr(at);
    if (take(rest.substr(0, rest.find('>')), rest)) return true;
  }
  return false;
}

std::string escaped(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      result += c;
    } else {
      result.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return result;
}

/// What the form that asks sends if one says yes; empty if there is none.
std::string confirmation_of(std::string_view html, std::string_view address) {
  std::string next;
  find_tag(html, "<form", [&](std::string_view tag, std::string_view rest) {
    const std::string action = attribute(tag, "action");
    if (!has_any(lower(attribute(tag, "id")), {"download"}) || action.empty()) return false;
    next = resolve_link(address, action);
    find_tag(rest.substr(0, rest.find("</form")), "<input", [&](std::string_view input, std::string_view) {
      const std::string name = attribute(input, "name");
      if (attribute(input, "type") != "hidden" || name.empty()) return false;
      next.append(next.find('?') == std::string::npos ? "?" : "&");
      next.append(escaped(name)).append("=").append(escaped(attribute(input, "value")));
      return false;
    });
    return true;
  });
  if (!next.empty()) return next;
  // Until 2022 it was a link.
  find_tag(html, "<a", [&](std::string_view tag, std::string_view) {
    if (attribute(tag, "id") != "uc-download-link") return false;
    next = resolve_link(address, attribute(tag, "href"));
    return true;
  });
  return next;
}

std::string title_of(std::string_view html) {
  const std::string small = lower(html.substr(0, 16384));
  const std::size_t tag = small.find("<title");
  const std::size_t start = tag == std::string::npos ? tag : small.find('>', tag);
  if (start == std::string::npos) return {};
  const std::size_t end = std::min(small.find('<', start), small.size());
  constexpr std::size_t kLongest = 100;
  return decode(html.substr(start + 1, std::min(end - start - 1, kLongest)));
}

}  // namespace

bool looks_like_page(std::string_view text) {
  std::string opening = lower(text.substr(0, 256));
  if (opening.starts_with("\xEF\xBB\xBF")) opening.erase(0, 3);
  opening.erase(0, std::min(opening.find_first_not_of(" \t\r\n"), opening.size()));
  return opening.starts_with("<!doctype html") || opening.starts_with("<html") ||
         opening.starts_with("<head") || opening.starts_with("<!--");
}

WebPage read_page(std::string_view html, std::string_view address) {
  WebPage page;
  page.title = title_of(html);
  const std::string text = lower(html);
  if (has_any(text, {"quota exceeded", "too many users have viewed or downloaded"})) {
    page.kind = WebPage::Kind::quota;
  } else if (page.next = confirmation_of(html, address); !page.next.empty()) {
    page.kind = WebPage::Kind::confirmation;
  } else if (has_any(text, {"accounts.google.com", "servicelogin", "you need access"}) ||
             has_any(lower(page.title), {"sign in", "log in", "login"})) {
    page.kind = WebPage::Kind::sign_in;
  }
  return page;
}

}  // namespace caption
