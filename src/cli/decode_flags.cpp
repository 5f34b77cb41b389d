#include "cli/decode_flags.h"

#include <cstdint>
#include <limits>
#include <string>

#include "decode/search.h"

namespace caption::cli {
namespace {

using Options = DecodeOptions;

/// What is wrong with values that are each in their range.
std::string contradiction(const Options& options) {
  try {
    validate(options);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

Flags<DecodeOptions> decode_flags() {
  return {
      number("--beam", &Options::beam, {1, kMostHypotheses}, "Width of the beam search; 1 is greedy")
          .excludes({"--sample"}, "--beam does not go with --sample, which does not search"),
      number("--n-best", &Options::n_best, {1, kMostHypotheses},
             "Captions per image, best first; at most the beam, and fewer where beams differ in no text")
          .check(contradiction),
      number("--max-tokens", &Options::max_tokens, {0, 100000},
             "End a caption after N tokens; 0 is the model's own limit"),
      number("--min-tokens", &Options::min_tokens, {0, 100000},
             "The model's stop token cannot come before N tokens; at most --max-tokens"),
      number("--no-repeat-ngram", &Options::no_repeat_ngram, {0, 100000},
             "No N tokens come twice in a row in a caption; 0 forbids nothing",
             "the model's own, for most 0"),
      text("--stop", &Options::stop,
           "End a caption where it contains TEXT, too; may be given several times. Most words begin with a "
           "space, the first one too"),
      number(
          "--length-penalty", &Options::length_penalty, {0.0, kHighestLengthPenalty},
          "Beams are ranked by log-probability / length^X: below 1 favours short captions, above 1 long ones")
          .excludes({"--sample"}, "--length-penalty ranks beams: it does not go with --sample"),
      number("--beam-groups", &Options::beam_groups, {1, kMostHypotheses},
             "Divide the beam into N groups whose captions differ, for --n-best")
          .excludes({"--sample"}, "--beam-groups divides a beam: it does not go with --sample")
          .excludes({"--require"}, "--require has a beam to itself: it does not go with --beam-groups"),
      number(
          "--diversity-penalty", &Options::diversity_penalty, {0.0, kHighestDiversityPenalty, true},
          "With --beam-groups: what a token loses for each beam of the groups before that has just taken it")
          .needs({"--beam-groups"}, "--diversity-penalty is for groups of beams: add --beam-groups"),
      number("--temperature", &Options::temperature, {kLowestTemperature, kHighestTemperature},
             "Divides the logits: below 1 sharpens, above 1 flattens"),
      on("--sample", &Options::sample, "Draw tokens at random instead of searching"),
      number("--top-k", &Options::top_k, {0, 1000000},
             "With --sample: keep the N likeliest tokens; 0 keeps all")
          .needs({"--sample"}, "--top-k is for sampling: add --sample"),
      number("--top-p", &Options::top_p, {0.0, 1.0, true},
             "With --sample: keep the likeliest tokens that together have probability X")
          .needs({"--sample"}, "--top-p is for sampling: add --sample"),
      number("--seed", &Options::seed, {0, std::numeric_limits<std::uint64_t>::max()},
             "With --sample: the same seed gives the same captions")
          .needs({"--sample"}, "--seed is for sampling: add --sample"),
  };
}

Flags<DecodeOptions> rerank_flags() {
  return {
      choice("--rerank", &DecodeOptions::rerank, "HOW", {{"no", Rerank::no}, {"clip", Rerank::clip}},
             "Order captions by how similar CLIP finds them to the picture: all of the beam's, or those that "
             "--sample draws, of which --n-best stay"),
      choice("--unsure", &DecodeOptions::unsure, "HOW", {{"plain", Unsure::plain}, {"keep", Unsure::keep}},
             "What is said where the model is unsure: a plain caption that says less, if the model has such "
             "(photographs does), or what it would say otherwise")};
}

}  // namespace caption::cli
