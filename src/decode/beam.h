#pragma once

#include <cstddef>
#include <memory>

#include "decode/image_search.h"

namespace caption {

/// ClipCap's beam search (generate_beam of the published notebook) of one image, whose first position is row
/// `row` of the latest pass; width 1 is greedy.
///
/// Each step ranks the continuations of an image's beams by sum / length^length_penalty and keeps the best
/// `beam`. A beam that has stopped takes part as itself, but is not run through the model. All sums and
/// quotients are fp32, in the reference's order, so its rankings and scores come out. Equal values go to the
/// earlier beam, then to the likelier token, then to the lower id. Where the vocabulary offers fewer
/// continuations than `beam`, there are fewer beams; a beam has none where only an excluded token can come.
///
/// With several groups each is such a search, and of a beam_groups-th part of the beams; a token's
/// log-probability loses diversity_penalty for every beam of the groups before that has just taken it. The
/// result is the best of all, each once. Required words are make_required_search's.
std::unique_ptr<ImageSearch> make_beam_search(const StopRule& stop, const Wording& wording,
                                              const DecodeOptions& options, std::size_t row);

}  // namespace caption
