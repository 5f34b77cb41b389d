#include "gpt2/gpt2.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "layers/layers.h"
#include "gpt2/cache.h"
#include "gpt2/model.h"

namespace caption {
namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorKind::internal, "GPT-2: " + message);
}

/// x [R + B * P, E] -> [R + B, E]: of each prefix only its last position
at::Tensor last_positions(const at::Tensor& x, std::int64_t rows, const Joining& joining) {
  if (joining.prefixes == 0) return x;
  const std::int64_t count = joining.prefixes * joining.positions;
  const at::Tensor ends = x.narrow(0, rows, count).slice(0, joining.positions - 1, count, joining.positions);
  return rows == 0 ? ends : at::cat({x.narrow(0, 0, rows), ends}, 0);
}

}  // namespace

struct Gpt2Session::State {
  const Gpt2::Model& model;
  std::unique_ptr<Cache> cache;
  std::vector<std::int64_t> lengths;  // positions of each row of the pass before

  void check(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents) const;
  Joining check(const at::Tensor& prefixes) const;
  at::Tensor embed(std::span<const std::int32_t> tokens, std::span<const std::int64_t> positions,
                   const at::Tensor& prefixes) const;
};

void Gpt2Session::State::check(std::span<const std::int32_t> tokens,
                               std::span<const std::int32_t> parents) const {
  require(tokens.size() == parents.size(),
          std::to_string(tokens.size()) + " tokens for " + std::to_string(parents.size()) + " parents");
  for (std::size_t r = 0; r < tokens.size(); ++r) {
    require(tokens[r] >= 0 && tokens[r] < model.wte.size(0), "unknown token " + std::to_string(tokens[r]));
    require(parents[r] >= 0 && static_cast<std::size_t>(parents[r]) < lengths.size(),
            "row " + std::to_string(parents[r]) + " of " + std::to_string(lengths.size()) + " as a parent");
    require(lengths[static_cast<std::size_t>(parents[r])] < model.wpe.size(0),
            "more than the " + std::to_string(model.wpe.size(0)) + " positions of the model");
  }
}

Joining Gpt2Session::State::check(const at::Tensor& prefixes) const {
  if (!prefixes.defined()) return {};
  require(prefixes.dim() == 3 && prefixes.size(0) > 0 && prefixes.size(1) > 0 &&
              prefixes.size(2) == model.width() && prefixes.scalar_type() == at::kFloat,
          "expected prefixes of shape [images, positions, " + std::to_string(model.width()) +
              "] in fp32, found " + to_string(prefixes.sizes()));
  require(prefixes.size(1) <= model.wpe.size(0),
          std::to_string(prefixes.size(1)) + " prefix positions do not fit into the " +
              std::to_string(model.wpe.size(0)) + " positions of the model");
  return {prefixes.size(0), prefixes.size(1)};
}

/// tokens [R] at positions [R], and prefixes [B, P, E] or undefined -> [R + B * P, E]
at::Tensor Gpt2Session::State::embed(std::span<const std::int32_t> tokens,
                                     std::span<const std::int64_t> positions,
                                     const at::Tensor& prefixes) const {
  std::vector<at::Tensor> parts;
  if (!tokens.empty()) {
    const at::Tensor ids = at::empty({2, static_cast<std::int64_t>(tokens.size())}, at::kLong);
    std::copy(positions.begin(), positions.end(),
              std::copy(tokens.begin(), tokens.end(), ids.mutable_data_ptr<std::int64_t>()));
    const at::Tensor there = ids.to(model.device);
    parts.push_back(model.embed(there[0], there[1]));
  }
  if (prefixes.defined()) parts.push_back(model.embed_prefixes(prefixes));
  return parts.size() == 1 ? parts[0] : at::cat(parts, 0);
}

Gpt2Session::Gpt2Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Gpt2Session::Gpt2Session(Gpt2Session&&) noexcept = default;
Gpt2Session::~Gpt2Session() = default;

at::Tensor Gpt2Session::step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
                             const at::Tensor& prefixes) {
  State& s = *state_;
  s.check(tokens, parents);
  const Joining joining = s.check(prefixes);
  require(tokens.size() + static_cast<std::size_t>(joining.prefixes) > 0, "a pass without rows");

  std::vector<std::int64_t> positions;  // of the tokens
  for (const std::int32_t parent : parents) positions.push_back(s.lengths[static_cast<std::size_t>(parent)]);
  s.cache->begin_pass(parents, joining);
  at::Tensor x = s.embed(tokens, positions, prefixes);  // [R + B * P, E]
  s.model.run_blocks(x,
                     [&](std::int64_t layer, const at::Tensor& qkv) { return s.cache->attend(layer, qkv); });
  for (std::int64_t& length : positions) ++length;
  positions.insert(positions.end(), static_cast<std::size_t>(joining.prefixes), joining.positions);
  s.lengths = std::move(positions);
  return s.model.logits(last_positions(x, static_cast<std::int64_t>(tokens.size()), joining));
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

Gpt2Session Gpt2::start() const {
  const CacheShape shape{layers(), model_->heads()};
  std::unique_ptr<Cache> cache =
      model_->device.is_cpu() ? make_shared_cache(shape) : make_gathered_cache(shape, model_->device);
  std::unique_ptr<Gpt2Session::State> state(new Gpt2Session::State{*model_, std::move(cache), {}});
  return Gpt2Session(std::move(state));
}

}  // namespace caption
