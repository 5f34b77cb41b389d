#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "decode/wording.h"

namespace caption {

/// Which of the required words a sequence has, and how far it is with the others.
class RequiredWords {
 public:
  explicit RequiredWords(const Wording& wording)
      : words_(wording.required), has_prompt_(!wording.prompt.empty()) {}

  /// What is known of a sequence, from its beginning on.
  struct State {
    std::vector<bool> met;          ///< by word
    std::vector<std::size_t> left;  ///< tokens that it still needs for each word, 0 if it is met
    bool just_met = false;          ///< one, with its last token

    std::size_t lacks() const;  ///< tokens, of all words
  };

  State start() const { return behind({}, std::vector<bool>(words_.size())); }
  /// `tokens` with their last one, of a sequence that had met the words `met` before it.
  State behind(std::span<const std::int32_t> tokens, std::vector<bool> met) const;

  /// The tokens that would begin, or go on with, a word that is not met; ascending, each once.
  std::vector<std::int32_t> wanted(std::span<const std::int32_t> tokens, const State& state) const;

 private:
  template <typename Visit>
  void for_each_progress(std::size_t word, std::span<const std::int32_t> tokens, const Visit& visit) const;

  std::vector<RequiredWord> words_;
  bool has_prompt_;
};

}  // namespace caption
