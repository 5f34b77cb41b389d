#pragma once

#include <cstddef>
#include <memory>

#include "decode/image_search.h"

namespace caption {

/// Beam search for sequences that contain all words of `wording.required`, of one image whose first position
/// is row `row` of the latest pass: with dynamic beam allocation (Post and Vilar, Fast Lexically Constrained
/// Decoding with Dynamic Beam Allocation, 2018).
///
/// A step's candidates are the likeliest continuations and, of every beam, the tokens that begin or go on
/// with a word that it lacks. They are sorted into banks by how many tokens they lack of their words; the
/// places of the beam go round the banks, the most complete one first, and in each to the best by sum /
/// length^length_penalty. No sequence stops before it has all words, or becomes too long to get them.
/// Sequences that have stopped leave the beam; the search ends when there are `beam` of them, and the result
/// is their best ones. Throws Error(usage) if the words do not fit into max_tokens.
std::unique_ptr<ImageSearch> make_required_search(const StopRule& stop, const Wording& wording,
                                                  const DecodeOptions& options, std::size_t row);

}  // namespace caption
