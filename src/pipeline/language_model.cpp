#include "pipeline/language_model.h"

#include <utility>

namespace caption {

Logits LanguageModel::view(at::Tensor logits) {
  logits_ = std::move(logits).cpu().contiguous();
  const auto rows = static_cast<std::size_t>(logits_.size(0));
  const auto vocabulary = static_cast<std::size_t>(logits_.size(1));
  return {{logits_.const_data_ptr<float>(), rows * vocabulary}, rows, vocabulary};
}

}  // namespace caption
