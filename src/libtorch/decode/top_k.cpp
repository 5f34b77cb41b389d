#include "libtorch/decode/top_k.h"

#include <algorithm>
#include <limits>

namespace caption {
namespace {

/// fp32 -> int64 keys that are ordered as the values are, and equal values by their place in the row, the
/// earlier one higher: the device's own selection leaves the order of equal values open.
at::Tensor ordered_keys(const at::Tensor& values) {
  const at::Tensor bits = (values + 0.0).view(at::kInt);  // -0 becomes 0
  // Of a negative number, all bits but the sign: larger magnitudes come lower then.
  const at::Tensor ordered = bits.bitwise_xor(bits.bitwise_right_shift(31).bitwise_and(0x7fffffff));
  const std::int64_t count = values.size(-1);
  const at::Tensor places = at::arange(count - 1, -1, -1, ordered.options().dtype(at::kLong));
  return ordered.to(at::kLong).mul_(std::int64_t{1} << 32).add_(places);
}

/// excluded [R, E] -> [R, V], whether a token is among them
at::Tensor mask_of(const at::Tensor& excluded, std::int64_t vocabulary) {
  // Counted, as a token may be there several times: of several writes to one place any would win.
  const at::Tensor counts = at::zeros({excluded.size(0), vocabulary}, excluded.options().dtype(at::kFloat));
  return counts.scatter_add(1, excluded.clamp_min(0), excluded.ge(0).to(at::kFloat)).gt(0);
}

/// The k first by `scores`, which order as the log-probabilities do; all [R, V].
TopK first_of(const at::Tensor& scores, const at::Tensor& log_probabilities, const at::Tensor& excluded,
              std::int64_t count) {
  const std::int64_t vocabulary = scores.size(1);
  const std::int64_t k = std::min(count, vocabulary);
  const auto without = [mask = excluded.defined() ? mask_of(excluded, vocabulary)
                                                  : excluded](const at::Tensor& values) {
    constexpr double kMasked = -std::numeric_limits<double>::infinity();
    return mask.defined() ? values.masked_fill(mask, kMasked) : values;
  };
  at::Tensor tokens;
  if (k == 1) {
    tokens = without(scores).argmax(1, /*keepdim=*/true);  // the first of equal ones
  } else {
    const at::Tensor keys = std::get<0>(ordered_keys(without(scores)).topk(k, 1));
    tokens = keys.bitwise_and(0xffffffffLL).neg_().add_(vocabulary - 1);
  }
  return {tokens, without(log_probabilities).gather(1, tokens)};
}

}  // namespace

TopK top_k_of_log_probabilities(const at::Tensor& log_probabilities, const at::Tensor& excluded,
                                std::int64_t count) {
  return first_of(log_probabilities, log_probabilities, excluded, count);
}

TopK top_k_by_operators(const at::Tensor& logits, const at::Tensor& excluded, std::int64_t count,
                        double temperature) {
  const at::Tensor scaled = temperature == 1.0 ? logits : logits / static_cast<float>(temperature);
  return first_of(scaled, at::log_softmax(scaled, 1), excluded, count);
}

}  // namespace caption
