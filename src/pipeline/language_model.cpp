#include "pipeline/language_model.h"

#include <string>
#include <utility>

#include "caption/error.h"

namespace caption {

Logits LanguageModel::step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
                           std::size_t joining) {
  const auto waiting = static_cast<std::size_t>(prefixes_.defined() ? prefixes_.size(0) : 0);
  if (joining != 0 && joining != waiting) {
    throw Error(ErrorKind::internal,
                std::to_string(joining) + " images join, but " + std::to_string(waiting) + " were added");
  }
  const at::Tensor prefixes = joining == 0 ? at::Tensor() : std::exchange(prefixes_, {});
  logits_ = session_.step(tokens, parents, prefixes).cpu().contiguous();
  const auto rows = static_cast<std::size_t>(logits_.size(0));
  const auto vocabulary = static_cast<std::size_t>(logits_.size(1));
  return {{logits_.const_data_ptr<float>(), rows * vocabulary}, rows, vocabulary};
}

}  // namespace caption
