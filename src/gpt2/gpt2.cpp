#include "gpt2/gpt2.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "core/layers.h"
#include "gpt2/cache.h"
#include "gpt2/model.h"

namespace caption {
namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorKind::internal, "GPT-2: " + message);
}

}  // namespace

struct Gpt2Session::State {
  const Gpt2::Model& model;
  at::Tensor prefix;  // [B, P, E]
  std::int64_t max_tokens;
  std::unique_ptr<Cache> cache;
  std::int64_t rows = 0;  // of the call before; 0: nothing ran yet
  std::int64_t steps = 0;
};

Gpt2Session::Gpt2Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Gpt2Session::Gpt2Session(Gpt2Session&&) noexcept = default;
Gpt2Session::~Gpt2Session() = default;

at::Tensor Gpt2Session::prefill() {
  State& s = *state_;
  require(s.rows == 0, "prefill was called twice");
  const std::int64_t positions = s.prefix.size(1);
  const std::int64_t width = s.model.width();
  at::Tensor x = s.prefix + s.model.wpe.slice(0, 0, positions);  // [B, P, E]
  s.model.run_blocks(x, [&](std::int64_t layer, const at::Tensor& qkv) {
    s.cache->keep_prefix(layer, qkv);
    return attention(qkv.slice(2, 0, width), qkv.slice(2, width, 2 * width),
                     qkv.slice(2, 2 * width, 3 * width), s.model.heads(), true);
  });
  s.rows = s.prefix.size(0);
  return s.model.logits(x.select(1, positions - 1));  // [B, E] -> [B, V]
}

at::Tensor Gpt2Session::step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents) {
  State& s = *state_;
  require(s.rows > 0, "step was called before prefill");
  require(s.steps < s.max_tokens,
          "more than the " + std::to_string(s.max_tokens) + " steps that were announced");
  require(!tokens.empty() && tokens.size() == parents.size(),
          std::to_string(tokens.size()) + " tokens for " + std::to_string(parents.size()) + " parents");
  for (std::size_t r = 0; r < tokens.size(); ++r) {
    require(tokens[r] >= 0 && tokens[r] < s.model.wte.size(0), "unknown token " + std::to_string(tokens[r]));
    require(parents[r] >= 0 && parents[r] < s.rows,
            "row " + std::to_string(parents[r]) + " of " + std::to_string(s.rows) + " as a parent");
  }
  s.cache->begin_step(parents);
  at::Tensor x = s.model.embed(tokens, s.prefix.size(1) + s.steps);  // [R, E]
  s.model.run_blocks(x,
                     [&](std::int64_t layer, const at::Tensor& qkv) { return s.cache->attend(layer, qkv); });
  s.rows = static_cast<std::int64_t>(tokens.size());
  ++s.steps;
  return s.model.logits(x);
}

Gpt2::Gpt2(Tensors tensors, const Compute& compute)
    : model_(std::make_unique<Model>(std::move(tensors), compute)) {}
Gpt2::~Gpt2() = default;

std::int64_t Gpt2::width() const {
  return model_->width();
}
std::int64_t Gpt2::layers() const {
  return static_cast<std::int64_t>(model_->blocks.size());
}
std::int64_t Gpt2::vocabulary() const {
  return model_->wte.size(0);
}
std::int64_t Gpt2::context() const {
  return model_->wpe.size(0);
}

Gpt2Session Gpt2::start(const at::Tensor& prefix, std::int64_t max_tokens) const {
  require(prefix.dim() == 3 && prefix.size(0) > 0 && prefix.size(1) > 0 && prefix.size(2) == width() &&
              prefix.scalar_type() == at::kFloat,
          "expected a prefix of shape [images, positions, " + std::to_string(width()) + "] in fp32, found " +
              to_string(prefix.sizes()));
  require(max_tokens >= 0 && prefix.size(1) + max_tokens <= context(),
          std::to_string(prefix.size(1)) + " prefix positions and " + std::to_string(max_tokens) +
              " tokens do not fit into the " + std::to_string(context()) + " positions of the model");
  const CacheShape shape{layers(), model_->heads(), max_tokens};
  std::unique_ptr<Cache> cache =
      model_->device.is_cpu() ? make_shared_cache(shape) : make_gathered_cache(shape);
  std::unique_ptr<Gpt2Session::State> state(
      new Gpt2Session::State{*model_, prefix.to(model_->device), max_tokens, std::move(cache)});
  return Gpt2Session(std::move(state));
}

}  // namespace caption
