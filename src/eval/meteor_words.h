#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace caption::eval {

/// The words of a tokenized caption, as METEOR 1.5 takes it apart once more (its option -norm, for English).
std::vector<std::string> meteor_words(std::string_view text);

/// Whether METEOR gives the word less weight.
bool is_function_word(std::string_view word);

}  // namespace caption::eval
