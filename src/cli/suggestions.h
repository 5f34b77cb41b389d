#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace caption::cli {

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// " (did you mean 'WORD'?)" with the word of `known` that `word` is most likely a misspelling of; empty if
/// none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace caption::cli
