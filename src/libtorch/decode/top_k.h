#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>

namespace caption {

/// The likeliest tokens of each row.
struct TopK {
  at::Tensor tokens;             ///< [R, k] int64, the likeliest first, of equal ones the lower id first
  at::Tensor log_probabilities;  ///< [R, k] fp32; minus infinity for a token that cannot come, NaN if a logit
                                 ///< of the row is NaN or plus infinity, or if no token can come
};

/// logits [R, V] fp32 -> the k = min(count, V) likeliest of softmax(logits / temperature), as NextToken of
/// decode has them. `excluded` [R, E] int64 cannot come, -1 being no token; undefined: all can.
using TopKFunction = std::function<TopK(const at::Tensor& logits, const at::Tensor& excluded,
                                        std::int64_t count, double temperature)>;

/// The k = min(count, V) of the largest log-probabilities [R, V] fp32, likewise.
TopK top_k_of_log_probabilities(const at::Tensor& log_probabilities, const at::Tensor& excluded,
                                std::int64_t count);

/// Such a function, of LibTorch's operators, for all devices.
TopK top_k_by_operators(const at::Tensor& logits, const at::Tensor& excluded, std::int64_t count,
                        double temperature);

}  // namespace caption
