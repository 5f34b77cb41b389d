#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "caption/options.h"
#include "text/tokenizer.h"
#include "train/caption_set.h"
#include "train/training_engine.h"

namespace caption {

/// How a captioner writes while it is looked at.
struct ValidationOptions {
  DecodeOptions decode;  ///< with a maximum of tokens and the model's own rules
  std::int32_t stop_token = 0;
  Gpt2Choices gpt2;  ///< without `tokens`
  std::int64_t mapper_heads = kMapperHeads;
  std::size_t together = 16;  ///< pictures
};

struct ValidationResult {
  std::vector<std::string> captions;  ///< of each picture
  double cider_d = 0;
  double bleu_4 = 0;
};

/// Captions of all pictures of `set` by our own kernels, in fp32, and how close they are to what people said.
/// `interrupted` ends it: then there are no captions.
ValidationResult validate_captions(const CaptionSet& set, const NamedTensors& weights,
                                   const Tokenizer& tokenizer, const ValidationOptions& options,
                                   const std::function<bool()>& interrupted);

}  // namespace caption
