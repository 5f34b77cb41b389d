#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstdint>
#include <vector>

#include "libtorch/decode/changed_tokens.h"
#include "libtorch/decode/device_task.h"

namespace caption {

/// What every step of a search goes by.
struct BeamRules {
  /// `vocabulary` is V.
  BeamRules(const DeviceTask& task, std::int64_t vocabulary);

  ChangedTokens changed;
  std::int64_t beams;               ///< B
  std::int64_t most;                ///< M, tokens of a sequence
  std::vector<std::int64_t> stops;  ///< tokens
  std::int64_t vocabulary;          ///< V
  StopTexts::State first;           ///< StopRule::first
  at::Tensor texts;                 ///< [states * V] int16: StopTexts::table; undefined without texts
  at::Tensor divisors;              ///< [M + 1] fp32: length^length_penalty
};

/// The beams of S images, on the device.
struct Beams {
  // What `status` says of an image.
  static constexpr std::int32_t kRunning = 0;
  static constexpr std::int32_t kEnded =
      1;  ///< its beams have all stopped or are M tokens long; or there is none
  static constexpr std::int32_t kDamaged = 2;  ///< the model's logits cannot be used
  static constexpr std::int32_t kStuck = 3;    ///< nothing can come that is not excluded

  at::Tensor tokens;   ///< [S, B, M] int32; behind a beam's length anything
  at::Tensor lengths;  ///< [S, B] int64, in tokens
  at::Tensor scores;   ///< [S, B] fp32, sums of log-probabilities
  at::Tensor stopped;  ///< [S, B] bool
  at::Tensor text;    ///< [S, B] int64: the state of StopTexts, of stopped beams any; undefined without texts
  at::Tensor exists;  ///< [S, B] bool: where the vocabulary has no more continuations, there are fewer beams
  at::Tensor parents;  ///< [S, B] int64: the beam before, which each goes on from
  at::Tensor last;     ///< [S, B] int64: its newest token
  at::Tensor steps;    ///< [S] int64: tokens that a running beam has
  at::Tensor status;   ///< [S] int32

  /// All of them.
  static constexpr std::array kFields = {&Beams::tokens, &Beams::lengths, &Beams::scores,  &Beams::stopped,
                                         &Beams::text,   &Beams::exists,  &Beams::parents, &Beams::last,
                                         &Beams::steps,  &Beams::status};

  /// Of S images without tokens, each with `width` beams of which the first exists.
  static Beams of_new_images(std::int64_t images, std::int64_t width, const BeamRules& rules);

  /// Takes over what became of the images that are running; the memory stays the same.
  void follow(const Beams& next) const;
  /// Puts the n images of `beams` into the `slots` [n], int64.
  void put(const at::Tensor& slots, const Beams& beams) const;
};

/// The best B continuations of each image's beams, ranked and scored as decode/beam.h says.
/// logits [S * width, V] fp32 of `beams`, which are [S, width] -> [S, B]
Beams extend(const Beams& beams, const at::Tensor& logits, const BeamRules& rules);

/// The n best sequences of each image, best first: int32 [S, n, 2 + M], of each the length (0: none), the
/// bits of its fp32 score and its tokens.
at::Tensor best_sequences(const Beams& beams, std::int64_t n, const BeamRules& rules);

}  // namespace caption
