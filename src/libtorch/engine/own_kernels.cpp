#include "libtorch/engine/own_kernels.h"

#include <c10/core/DeviceGuard.h>

#include <algorithm>
#include <limits>
#include <string>

#include "caption/error.h"
#include "libtorch/engine/device_streams.h"

namespace caption {
namespace {

cuda::Type type_of(const at::Tensor& tensor) {
  if (tensor.scalar_type() == at::kFloat) return cuda::Type::fp32;
  if (tensor.scalar_type() == at::kHalf) return cuda::Type::fp16;
  throw Error(ErrorKind::internal, std::string("no kernel is for ") + at::toString(tensor.scalar_type()));
}

/// The current stream as the kernels take it.
cuda::Stream native_stream(at::Device device) {
  if (device.is_cpu()) return nullptr;
  return c10::impl::VirtualGuardImpl(device.type()).getStreamNativeHandle(current_stream(device));
}

TopK top_k(const cuda::Kernels& kernels, cuda::Stream stream, const at::Tensor& logits, std::int64_t count,
           double temperature) {
  const at::Tensor whole = logits.contiguous();  // [R, V]
  const std::int64_t k = std::min(count, whole.size(1));
  const at::Tensor tokens = at::empty({whole.size(0), k}, whole.options().dtype(at::kInt));
  const at::Tensor log_probabilities = at::empty({whole.size(0), k}, whole.options().dtype(at::kFloat));
  const at::Tensor status = at::empty({whole.size(0), 1}, tokens.options());
  cuda::TopTokens request;
  request.logits = whole.const_data_ptr();
  request.type = type_of(whole);
  request.rows = static_cast<int>(whole.size(0));
  request.vocabulary = static_cast<int>(whole.size(1));
  request.count = static_cast<int>(k);
  request.temperature = static_cast<float>(temperature);
  request.tokens = tokens.mutable_data_ptr<std::int32_t>();
  request.log_probabilities = log_probabilities.mutable_data_ptr<float>();
  request.status = status.mutable_data_ptr<std::int32_t>();
  const std::size_t bytes = cuda::top_tokens_scratch(request.rows, request.vocabulary, request.count);
  const at::Tensor scratch = at::empty({static_cast<std::int64_t>(bytes)}, whole.options().dtype(at::kByte));
  request.scratch = scratch.mutable_data_ptr();
  kernels.top_tokens(request, stream);
  // Where no more tokens can come there is none, and a search wants some number.
  return {
      tokens.clamp_min(0).to(at::kLong),
      log_probabilities.masked_fill(status.ne(cuda::kRowIsFine), std::numeric_limits<double>::quiet_NaN())};
}

/// The first k of those in `found` that are not excluded; if there are fewer, others that cannot come.
TopK without(const at::Tensor& excluded, const TopK& found, std::int64_t k) {
  constexpr double kImpossible = -std::numeric_limits<double>::infinity();
  const at::Tensor is_excluded =
      found.tokens.unsqueeze(2)
          .eq(excluded.unsqueeze(1))
          .any(2)
          .logical_and(found.log_probabilities.isnan()
                           .logical_not());  // [R, k + E]; NaN stays, as it tells damaged logits
  const auto [ranked, order] = at::sort(found.log_probabilities.masked_fill(is_excluded, kImpossible),
                                        /*stable=*/true, /*dim=*/1, /*descending=*/true);
  return {found.tokens.gather(1, order.narrow(1, 0, k)), ranked.narrow(1, 0, k)};
}

at::Tensor attend(const cuda::Kernels& kernels, cuda::Stream stream, const StepAttention& step) {
  const std::int64_t width = step.qkv.size(1) / 3;
  const at::Tensor qkv = step.qkv.contiguous();  // [R, 3E]
  at::Tensor result = at::empty({qkv.size(0), width}, qkv.options());
  if (step.places.size(1) > cuda::kMostPositions || qkv.scalar_type() != step.store.scalar_type() ||
      width % cuda::kHeadWidth != 0) {
    throw Error(ErrorKind::internal, "attention of a step: no kernel is for rows of " +
                                         std::to_string(step.places.size(1)) + " places and width " +
                                         std::to_string(width));
  }
  cuda::Attend request;
  request.qkv = qkv.const_data_ptr();
  request.store = step.store.mutable_data_ptr();
  request.type = type_of(qkv);
  request.rows = static_cast<int>(qkv.size(0));
  request.heads = static_cast<int>(width / cuda::kHeadWidth);
  request.layer = static_cast<int>(step.layer);
  request.layers = static_cast<int>(step.store.size(1));
  request.places = step.places.const_data_ptr<std::int32_t>();
  request.stride = static_cast<int>(step.places.size(1));
  request.counts = step.counts.const_data_ptr<std::int32_t>();
  request.result = result.mutable_data_ptr();
  kernels.attend(request, stream);
  return result;
}

}  // namespace

TopKFunction top_k_by_kernels(const cuda::Kernels& kernels) {
  return [&kernels](const at::Tensor& logits, const at::Tensor& excluded, std::int64_t count,
                    double temperature) {
    // As many more as can turn out to be excluded.
    const std::int64_t more = excluded.defined() ? excluded.size(1) : 0;
    if (std::min(count + more, logits.size(1)) > cuda::kMostTopTokens)
      return top_k_by_operators(logits, excluded, count, temperature);
    const c10::DeviceGuard device(logits.device());
    const TopK found = top_k(kernels, native_stream(logits.device()), logits, count + more, temperature);
    return excluded.defined() ? without(excluded, found, std::min(count, logits.size(1))) : found;
  };
}

StepAttentionFunction attention_by_kernels(const cuda::Kernels& kernels) {
  return [&kernels](const StepAttention& step) {
    const c10::DeviceGuard device(step.qkv.device());
    return attend(kernels, native_stream(step.qkv.device()), step);
  };
}

ResizeFunction resize_by_kernels(const cuda::Kernels& kernels) {
  return [&kernels](const cuda::Resize& request, at::Device on) {
    const c10::DeviceGuard device(on);
    kernels.resize(request, native_stream(on));
  };
}

}  // namespace caption
