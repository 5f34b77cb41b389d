#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "layers/attention.h"
#include "gpt2/gpt2.h"
#include "gpt2/model.h"

namespace caption {
namespace {

/// Attention's kernels on GPUs want rows of a mask that begin at such a multiple, or copy it.
constexpr std::int64_t kAligned = 16;

std::int64_t aligned(std::int64_t count) {
  return (count + kAligned - 1) / kAligned * kAligned;
}

void require(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorKind::internal, "GPT-2's slots: " + message);
}

}  // namespace

struct Gpt2Slots::State {
  State(const Gpt2::Model& gpt2, const SlotSizes& slot_sizes, StepAttentionFunction step_attention);

  std::int64_t rows() const { return sizes.slots * sizes.beams; }         // R
  std::int64_t positions() const { return sizes.prefix + sizes.tokens; }  // that a row may have
  std::int64_t room() const { return aligned(positions()); }              // T, that it has places for

  /// Keys and values of a layer, by their places. -> [R * T, 2E]
  at::Tensor past(std::int64_t layer) const { return store.select(1, layer); }
  /// The attention of a step in which each row's newest position is `position` [R]. No row that matters has
  /// more than `used` positions, a multiple of kAligned.
  Gpt2::Model::Attend attend(const at::Tensor& position, std::int64_t used) const;
  Gpt2::Model::Attend attend_by_operators(const at::Tensor& position, std::int64_t used) const;

  const Gpt2::Model& model;
  SlotSizes sizes;
  StepAttentionFunction attention;
  at::Tensor store;         // [R * T, L, 2E]: keys, values; a row's own places are row * T + position
  at::Tensor places;        // [R, T] int32: where each row's positions are
  at::Tensor lengths;       // [R] int64, in positions
  at::Tensor first_places;  // [R] int64: row * T
  at::Tensor numbers;       // [T] int64: 0, 1, ...
};

Gpt2Slots::State::State(const Gpt2::Model& gpt2, const SlotSizes& slot_sizes,
                        StepAttentionFunction step_attention)
    : model(gpt2), sizes(slot_sizes), attention(std::move(step_attention)) {
  require(sizes.slots > 0 && sizes.beams > 0 && sizes.prefix > 0 && sizes.tokens > 0 &&
              positions() <= model.wpe.size(0),
          std::to_string(sizes.prefix) + " + " + std::to_string(sizes.tokens) + " positions of " +
              std::to_string(sizes.slots) + " x " + std::to_string(sizes.beams) + " rows");
  const at::TensorOptions on = at::TensorOptions().device(model.device);
  // Zeros, not whatever is there: what a mask hides is still multiplied by 0.
  const auto layers = static_cast<std::int64_t>(model.blocks.size());
  store = at::zeros({rows() * room(), layers, 2 * model.width()}, on.dtype(model.activations));
  numbers = at::arange(room(), on.dtype(at::kLong));
  first_places = at::arange(rows(), on.dtype(at::kLong)) * room();
  places = (first_places.unsqueeze(1) + numbers).to(at::kInt);
  lengths = at::zeros({rows()}, on.dtype(at::kLong));
}

Gpt2::Model::Attend Gpt2Slots::State::attend(const at::Tensor& position, std::int64_t used) const {
  if (!attention) return attend_by_operators(position, used);
  return [this, counts = (position + 1).to(at::kInt)](std::int64_t layer, const at::Tensor& qkv) {
    return attention({qkv, store, layer, places, counts});
  };
}

Gpt2::Model::Attend Gpt2Slots::State::attend_by_operators(const at::Tensor& position,
                                                          std::int64_t used) const {
  const std::int64_t width = model.width();
  const at::Tensor own = first_places + position;                                  // [R]
  const at::Tensor seen = places.narrow(1, 0, used).flatten();                     // [R * used]
  const at::Tensor behind = numbers.narrow(0, 0, used).gt(position.unsqueeze(1));  // [R, used]
  // Added to the scores: minus infinity behind a row's newest position.
  const at::Tensor mask = at::zeros(behind.sizes(), store.options())
                              .masked_fill_(behind, -std::numeric_limits<double>::infinity())
                              .view({rows(), 1, 1, used});
  const auto split = [this, width](const at::Tensor& t) {  // [R, t, E] -> [R, heads, t, 64]
    return t.unflatten(2, {model.heads(), width / model.heads()}).transpose(1, 2);
  };
  return [this, width, used, own, seen, mask, split](std::int64_t layer, const at::Tensor& qkv) {
    past(layer).index_copy_(0, own, qkv.narrow(1, width, 2 * width));
    // Without beams nobody looks into another row.
    const at::Tensor kv = sizes.beams == 1
                              ? past(layer).view({rows(), room(), 2 * width}).narrow(1, 0, used)
                              : past(layer).index_select(0, seen).view({rows(), used, 2 * width});
    const at::Tensor q = split(qkv.narrow(1, 0, width).unsqueeze(1));
    const at::Tensor k = split(kv.narrow(2, 0, width));
    const at::Tensor v = split(kv.narrow(2, width, width));
    return at::scaled_dot_product_attention(q, k, v, mask).reshape({rows(), width});  // [R, heads, 1, 64]
  };
}

Gpt2Slots::Gpt2Slots(std::unique_ptr<State> state) : state_(std::move(state)) {}
Gpt2Slots::Gpt2Slots(Gpt2Slots&&) noexcept = default;
Gpt2Slots::~Gpt2Slots() = default;

at::Tensor Gpt2Slots::begin(const at::Tensor& slots, const at::Tensor& prefixes) {
  State& s = *state_;
  const std::int64_t width = s.model.width();
  const std::int64_t n = slots.size(0);
  require(prefixes.dim() == 3 && prefixes.size(0) == n && n > 0 && prefixes.size(1) == s.sizes.prefix &&
              prefixes.size(2) == width,
          "unexpected prefixes " + to_string(prefixes.sizes()) + " for " + std::to_string(n) + " slots");
  // All rows of a slot look at its first row's prefix.
  const at::Tensor table = (slots * (s.sizes.beams * s.room())).unsqueeze(1) + s.numbers;  // [n, T]
  const at::Tensor kept = table.narrow(1, 0, s.sizes.prefix).flatten();                    // [n * P]
  s.places.view({s.sizes.slots, s.sizes.beams, s.room()})
      .index_copy_(0, slots,
                   table.to(at::kInt).unsqueeze(1).expand({n, s.sizes.beams, s.room()}).contiguous());
  s.lengths.view({s.sizes.slots, s.sizes.beams}).index_fill_(0, slots, s.sizes.prefix);

  at::Tensor x = s.model.embed_prefixes(prefixes);  // [n * P, E]
  s.model.run_blocks(x, [&](std::int64_t layer, const at::Tensor& qkv) {
    s.past(layer).index_copy_(0, kept, qkv.narrow(1, width, 2 * width));
    const at::Tensor parts = qkv.view({n, s.sizes.prefix, 3 * width});
    return attention_by_aten(parts.narrow(2, 0, width), parts.narrow(2, width, width),
                             parts.narrow(2, 2 * width, width), s.model.heads(), /*causal=*/true)
        .view({n * s.sizes.prefix, width});
  });
  return s.model.logits(x.view({n, s.sizes.prefix, width}).select(1, s.sizes.prefix - 1));
}

at::Tensor Gpt2Slots::step(const at::Tensor& tokens, const at::Tensor& parents, std::int64_t longest) {
  State& s = *state_;
  require(tokens.sizes() == at::IntArrayRef{s.rows()} && parents.sizes() == tokens.sizes() && longest > 0 &&
              longest <= s.sizes.tokens,
          "unexpected tokens " + to_string(tokens.sizes()) + ", parents " + to_string(parents.sizes()) +
              " or length " + std::to_string(longest));
  // Rows of one slot are of one length. Those that do not matter stay at the last position.
  const at::Tensor position = s.lengths.clamp_max(s.positions() - 1);  // [R]
  const at::Tensor own = s.first_places + position;                    // [R]
  s.places.copy_(
      s.places.index_select(0, parents).scatter_(1, position.unsqueeze(1), own.to(at::kInt).unsqueeze(1)));
  s.lengths.copy_(position + 1);

  at::Tensor x = s.model.embed(tokens, position);  // [R, E]
  s.model.run_blocks(x, s.attend(position, aligned(s.sizes.prefix + longest)));
  return s.model.logits(x);
}

Gpt2Slots Gpt2::slots(const SlotSizes& sizes, StepAttentionFunction attention) const {
  return Gpt2Slots(std::make_unique<Gpt2Slots::State>(*model_, sizes, std::move(attention)));
}

}  // namespace caption
