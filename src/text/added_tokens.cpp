#include "text/added_tokens.h"

#include <algorithm>
#include <utility>

#include "base/ascii_space.h"

namespace caption {

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::stable_sort(tokens_.begin(), tokens_.end(),
                   [](const AddedToken& a, const AddedToken& b) { return a.text.size() > b.text.size(); });
}

std::optional<AddedTokens::Found> AddedTokens::first_in(std::string_view text) const {
  std::optional<Found> first;
  for (const AddedToken& token : tokens_) {
    const std::size_t at = text.find(token.text);
    if (at == std::string_view::npos || (first && at >= first->begin)) continue;
    first = Found{&token, at, at + token.text.size()};
  }
  if (!first) return first;
  const auto is_space = [&](std::size_t at) { return kAsciiSpace.find(text[at]) != std::string_view::npos; };
  while (first->token->strip_left && first->begin > 0 && is_space(first->begin - 1)) --first->begin;
  while (first->token->strip_right && first->end < text.size() && is_space(first->end)) ++first->end;
  return first;
}

bool AddedTokens::is_special(std::int32_t id) const {
  return std::any_of(tokens_.begin(), tokens_.end(),
                     [id](const AddedToken& token) { return token.id == id && token.special; });
}

}  // namespace caption
