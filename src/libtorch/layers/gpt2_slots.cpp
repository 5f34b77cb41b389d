#include "libtorch/layers/gpt2_slots.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "libtorch/layers/convert.h"

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

Gpt2Slots::Gpt2Slots(const Gpt2<at::Tensor>& gpt2, const SlotSizes& sizes, StepAttentionFunction attention)
    : gpt2_(gpt2), sizes_(sizes), attention_(std::move(attention)) {
  require(sizes.slots > 0 && sizes.beams > 0 && sizes.prefix > 0 && sizes.tokens > 0 &&
              sizes.positions() <= gpt2.sizes().context,
          std::to_string(sizes.prefix) + " + " + std::to_string(sizes.tokens) + " positions of " +
              std::to_string(sizes.slots) + " x " + std::to_string(sizes.beams) + " rows");
  const at::TensorOptions on = at::TensorOptions().device(gpt2.compute().device);
  // Zeros, not whatever is there: what a mask hides is still multiplied by 0.
  store_ = at::zeros({sizes.rows() * room(), gpt2.sizes().layers, 2 * width()},
                     on.dtype(scalar_type(gpt2.compute().weights)));
  numbers_ = at::arange(room(), on.dtype(at::kLong));
  first_places_ = at::arange(sizes.rows(), on.dtype(at::kLong)) * room();
  places_ = (first_places_.unsqueeze(1) + numbers_).to(at::kInt);
  lengths_ = at::zeros({sizes.rows()}, on.dtype(at::kLong));
}

std::int64_t Gpt2Slots::room() const {
  return aligned(sizes_.positions());
}

Gpt2Slots::Attend Gpt2Slots::attend(const at::Tensor& position, std::int64_t used) const {
  if (!attention_) return attend_by_operators(position, used);
  return [this, counts = (position + 1).to(at::kInt)](std::int64_t layer, const at::Tensor& qkv) {
    return attention_({qkv, store_, layer, places_, counts});
  };
}

Gpt2Slots::Attend Gpt2Slots::attend_by_operators(const at::Tensor& position, std::int64_t used) const {
  const at::Tensor own = first_places_ + position;                                  // [R]
  const at::Tensor seen = places_.narrow(1, 0, used).flatten();                     // [R * used]
  const at::Tensor behind = numbers_.narrow(0, 0, used).gt(position.unsqueeze(1));  // [R, used]
  // Added to the scores: minus infinity behind a row's newest position.
  const at::Tensor mask = at::zeros(behind.sizes(), store_.options())
                              .masked_fill_(behind, -std::numeric_limits<double>::infinity())
                              .view({sizes_.rows(), 1, 1, used});
  const auto split = [heads =
                          gpt2_.sizes().heads](const at::Tensor& t) {  // [R, t, E] -> [R, heads, t, E/heads]
    return t.unflatten(2, {heads, t.size(2) / heads}).transpose(1, 2);
  };
  return [=, this](std::int64_t layer, const at::Tensor& qkv) {
    const std::int64_t rows = sizes_.rows();
    const std::int64_t e = width();
    past(layer).index_copy_(0, own, qkv.narrow(1, e, 2 * e));
    // Without beams nobody looks into another row.
    const at::Tensor kv = sizes_.beams == 1 ? past(layer).view({rows, room(), 2 * e}).narrow(1, 0, used)
                                            : past(layer).index_select(0, seen).view({rows, used, 2 * e});
    const at::Tensor q = split(qkv.narrow(1, 0, e).unsqueeze(1));
    const at::Tensor k = split(kv.narrow(2, 0, e));
    const at::Tensor v = split(kv.narrow(2, e, e));
    return at::scaled_dot_product_attention(q, k, v, mask).reshape({rows, e});  // [R, heads, 1, E/heads]
  };
}

at::Tensor Gpt2Slots::begin(const at::Tensor& slots, const at::Tensor& prefixes) {
  const std::int64_t e = width();
  const std::int64_t p = sizes_.prefix;
  const std::int64_t n = slots.size(0);
  require(
      prefixes.dim() == 3 && prefixes.size(0) == n && n > 0 && prefixes.size(1) == p && prefixes.size(2) == e,
      "unexpected prefixes " + to_string(prefixes.sizes()) + " for " + std::to_string(n) + " slots");
  // All rows of a slot look at its first row's prefix.
  const at::Tensor table = (slots * (sizes_.beams * room())).unsqueeze(1) + numbers_;  // [n, T]
  const at::Tensor kept = table.narrow(1, 0, p).flatten();                             // [n * P]
  places_.view({sizes_.slots, sizes_.beams, room()})
      .index_copy_(0, slots, table.to(at::kInt).unsqueeze(1).expand({n, sizes_.beams, room()}).contiguous());
  lengths_.view({sizes_.slots, sizes_.beams}).index_fill_(0, slots, p);

  at::Tensor x = gpt2_.embedding().of_prefixes(prefixes);  // [n * P, E]
  gpt2_.run_blocks(x, [&](std::int64_t layer, const at::Tensor& qkv) {
    past(layer).index_copy_(0, kept, qkv.narrow(1, e, 2 * e));
    const at::Tensor parts = qkv.view({n, p, 3 * e});
    return Ops<at::Tensor>::attention(parts.narrow(2, 0, e), parts.narrow(2, e, e), parts.narrow(2, 2 * e, e),
                                      gpt2_.sizes().heads, /*causal=*/true)
        .view({n * p, e});
  });
  return gpt2_.logits(x.view({n, p, e}).select(1, p - 1));
}

at::Tensor Gpt2Slots::step(const at::Tensor& tokens, const at::Tensor& parents, std::int64_t longest) {
  require(tokens.sizes() == at::IntArrayRef{sizes_.rows()} && parents.sizes() == tokens.sizes() &&
              longest > 0 && longest <= sizes_.tokens,
          "unexpected tokens " + to_string(tokens.sizes()) + ", parents " + to_string(parents.sizes()) +
              " or length " + std::to_string(longest));
  // Rows of one slot are of one length. Those that do not matter stay at the last position.
  const at::Tensor position = lengths_.clamp_max(sizes_.positions() - 1);  // [R]
  const at::Tensor own = first_places_ + position;                         // [R]
  places_.copy_(
      places_.index_select(0, parents).scatter_(1, position.unsqueeze(1), own.to(at::kInt).unsqueeze(1)));
  lengths_.copy_(position + 1);

  at::Tensor x = gpt2_.embedding()(tokens, position);  // [R, E]
  gpt2_.run_blocks(x, attend(position, aligned(sizes_.prefix + longest)));
  return gpt2_.logits(x);
}

}  // namespace caption
