#pragma once

#include <cstddef>
#include <string_view>

namespace caption {

/// Length in bytes of GPT-2's first piece of `text`, which must be UTF-8 and not empty. Merges never cross
/// pieces: contractions, runs of letters, of numbers or of anything else visible, each with at most one space
/// before it, and runs of white space. The regular expression of openai/gpt-2's encoder.py:
/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::size_t first_piece(std::string_view text);

/// Takes the first piece, with the white space before it, off `text`, which must be UTF-8 in small letters.
/// -> the piece without that white space, empty at the end. CLIP's pieces are contractions, runs of letters,
/// single numbers, runs of anything else visible, and the names of its two special tokens.
std::string_view take_clip_piece(std::string_view& text);

}  // namespace caption
