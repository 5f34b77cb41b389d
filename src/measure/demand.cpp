#include "measure/demand.h"

#include <cmath>

namespace caption {
namespace {

constexpr double kBytes = 2;  // of a number

/// A stage's operators, one after the other. Rows are those of the whole batch.
class Counter {
 public:
  explicit Counter(const char* stage) { demand_.stage = stage; }

  void linear(double rows, double in, double out, bool bias = true) {
    demand_.weights += in * out + (bias ? out : 0);
    touch(rows * (in + out));
    demand_.flops += 2 * rows * in * out;
    ++demand_.kernels;
  }

  /// Of `pixels` results each: a convolution with its batch norm folded in, whose stride leaves one of
  /// `stride`^2 positions.
  void convolution(double pixels, double in, double out, double side, double stride = 1) {
    demand_.weights += in * side * side * out + out;
    touch(pixels * (stride * stride * in + out));
    demand_.flops += 2 * pixels * in * side * side * out;
    ++demand_.kernels;
  }

  /// A filter of `taps` weights for each of `channels`.
  void depthwise(double in_pixels, double pixels, double channels, double taps) {
    demand_.weights += (taps + 1) * channels;
    touch((in_pixels + pixels) * channels);
    demand_.flops += 2 * pixels * taps * channels;
    ++demand_.kernels;
  }

  void norm(double rows, double width) {
    demand_.weights += 2 * width;
    elementwise(2 * rows * width);
  }

  /// A kernel that reads and writes so many numbers.
  void elementwise(double numbers) {
    touch(numbers);
    ++demand_.kernels;
  }

  void parameters(double count) { demand_.weights += count; }

  /// `queries` in all, and `pairs` of a query and a key. Keys and values are those of the queries' tokens.
  void attention(double queries, double pairs, double width) {
    demand_.flops += 4 * pairs * width;
    elementwise(4 * queries * width);
  }

  /// A pre-norm transformer block whose queries see `pairs` keys. Adding to the residual stream is a kernel
  /// of its own.
  void block(double rows, double pairs, double width, double hidden, bool qkv_bias = true) {
    norm(rows, width);
    linear(rows, width, 3 * width, qkv_bias);
    attention(rows, pairs, width);
    linear(rows, width, width);
    elementwise(3 * rows * width);
    norm(rows, width);
    linear(rows, width, hidden);
    linear(rows, hidden, width);
    elementwise(3 * rows * width);
  }

  StageDemand& demand() { return demand_; }

 private:
  void touch(double numbers) { demand_.activation_bytes += numbers * kBytes; }

  StageDemand demand_;
};

void count_encoder(Counter& c, const VitSizes& vit, double batch, double embedding) {
  const auto side = static_cast<double>(vit.grid);
  const double tokens = side * side + 1;
  const auto width = static_cast<double>(vit.width);
  const auto hidden = static_cast<double>(vit.hidden);
  const double patch = 3.0 * static_cast<double>(vit.patch * vit.patch);
  c.elementwise(2 * batch * side * side * patch);  // pixels -> patches
  c.linear(batch * side * side, patch, width, false);
  c.parameters((tokens + 1) * width);  // positions, class token
  c.elementwise(2 * batch * tokens * width);
  c.norm(batch * tokens, width);
  for (std::int64_t layer = 0; layer < vit.layers; ++layer) {
    c.block(batch * tokens, batch * tokens * tokens, width, hidden);
    c.elementwise(2 * batch * tokens * hidden);  // quick GELU, which no library has inside a product
  }
  c.norm(batch, width);
  c.linear(batch, width, embedding, false);
}

void count_encoder(Counter& c, const SiglipSizes& siglip, double batch, double /*embedding*/) {
  const auto side = static_cast<double>(siglip.grid);
  const double tokens = side * side;
  const auto width = static_cast<double>(siglip.width);
  const auto hidden = static_cast<double>(siglip.hidden);
  const auto pool_hidden = static_cast<double>(siglip.pool_hidden);
  const double patch = 3.0 * static_cast<double>(siglip.patch * siglip.patch);
  c.elementwise(2 * batch * tokens * patch);  // pixels -> patches
  c.linear(batch * tokens, patch, width);
  c.parameters((tokens + 1) * width);  // positions, the pool's query
  c.elementwise(2 * batch * tokens * width);
  for (std::int64_t layer = 0; layer < siglip.layers; ++layer)
    c.block(batch * tokens, batch * tokens * tokens, width, hidden);
  c.norm(batch * tokens, width);
  // The attention pool, whose query is the same for all images.
  c.linear(1, width, width);
  c.linear(batch * tokens, width, 2 * width);
  c.attention(batch, batch * tokens, width);
  c.linear(batch, width, width);
  c.norm(batch, width);
  c.linear(batch, width, pool_hidden);
  c.linear(batch, pool_hidden, width);
  c.elementwise(3 * batch * width);
}

void count_bottleneck(Counter& c, double in_pixels, double in, double planes, double stride,
                      bool downsample) {
  const double pixels = in_pixels / (stride * stride);
  c.convolution(in_pixels, in, planes, 1);
  c.convolution(in_pixels, planes, planes, 3);
  if (stride > 1) c.elementwise((in_pixels + pixels) * planes);
  c.convolution(pixels, planes, 4 * planes, 1);
  if (downsample) {
    if (stride > 1) c.elementwise((in_pixels + pixels) * in);
    c.convolution(pixels, in, 4 * planes, 1);
  }
  c.elementwise(3 * pixels * 4 * planes);
}

void count_encoder(Counter& c, const ResNetSizes& resnet, double batch, double embedding) {
  const auto width = static_cast<double>(resnet.width);
  const auto half = static_cast<double>(resnet.resolution()) / 2;  // after the stem's stride
  double pixels = batch * half * half;
  c.convolution(pixels, 3, width / 2, 3, 2);
  c.convolution(pixels, width / 2, width / 2, 3);
  c.convolution(pixels, width / 2, width, 3);
  c.elementwise(1.25 * pixels * width);
  pixels /= 4;
  double in = width;
  double planes = width;
  for (std::size_t stage = 0; stage < resnet.blocks.size(); ++stage, planes *= 2) {
    for (std::int64_t block = 0; block < resnet.blocks[stage]; ++block) {
      const double stride = stage > 0 && block == 0 ? 2 : 1;
      count_bottleneck(c, pixels, in, planes, stride, block == 0);
      pixels /= stride * stride;
      in = 4 * planes;
    }
  }
  // The attention pool: one query per image, the mean.
  const double tokens = pixels + batch;
  c.elementwise(2 * tokens * in);
  c.parameters(tokens / batch * in);
  c.linear(batch, in, in);
  c.linear(tokens, in, in);
  c.linear(tokens, in, in);
  c.attention(batch, tokens, in);
  c.linear(batch, in, embedding);
}

void count_encoder(Counter& c, const EfficientNetSizes& net, double batch, double /*embedding*/) {
  const auto half = std::ceil(static_cast<double>(net.resolution()) / 2);
  double side = half;
  c.convolution(batch * side * side, 3, static_cast<double>(net.stem), 3, 2);
  for (const InvertedBottleneckSizes& block : net.blocks) {
    const auto in = static_cast<double>(block.in);
    const auto wide = static_cast<double>(block.wide);
    const double before = batch * side * side;
    if (block.expands()) c.convolution(before, in, wide, 1);
    side = std::ceil(side / static_cast<double>(block.stride));
    const double pixels = batch * side * side;
    c.depthwise(before, pixels, wide, static_cast<double>(block.side * block.side));
    c.convolution(pixels, wide, static_cast<double>(block.out), 1);
    if (block.adds_input()) c.elementwise(2 * pixels * static_cast<double>(block.out));
  }
  const double cells = batch * side * side;
  const auto features = static_cast<double>(net.features);
  c.convolution(cells, static_cast<double>(net.blocks.back().out), features, 1);
  c.elementwise(cells * features);
  if (net.embedding != net.features) c.linear(cells + batch, features, static_cast<double>(net.classes));
}

void count_mapper(Counter& c, const MlpMapperSizes& mlp, double width, double batch) {
  auto in = static_cast<double>(mlp.embedding);
  for (const std::int64_t layer : mlp.hidden) {
    const auto hidden = static_cast<double>(layer);
    c.linear(batch, in, hidden);
    c.elementwise(2 * batch * hidden);
    in = hidden;
  }
  c.linear(batch, in, static_cast<double>(mlp.prefix_length) * width);
}

void count_mapper(Counter& c, const TransformerMapperSizes& mapper, double width, double batch) {
  const auto clip = static_cast<double>(mapper.clip_length);
  const auto prefix = static_cast<double>(mapper.prefix_length);
  const auto hidden = static_cast<double>(mapper.hidden);
  const double tokens = clip + prefix;
  c.linear(batch, static_cast<double>(mapper.embedding), clip * width);
  c.parameters(prefix * width);
  c.elementwise(2 * batch * tokens * width);
  for (std::int64_t layer = 0; layer < mapper.layers; ++layer) {
    c.block(batch * tokens, batch * tokens * tokens, width, hidden, /*qkv_bias=*/false);
    c.elementwise(2 * batch * tokens * hidden);  // ReLU
  }
}

void count_mapper(Counter& c, const LinearMapperSizes& linear, double width, double batch) {
  c.linear(batch, static_cast<double>(linear.embedding), static_cast<double>(linear.prefix_length) * width);
}

void count_blocks(Counter& c, const Gpt2Sizes& gpt2, double rows, double pairs) {
  for (std::int64_t layer = 0; layer < gpt2.layers; ++layer)
    c.block(rows, pairs, static_cast<double>(gpt2.width), static_cast<double>(gpt2.hidden));
}

StageDemand prefill(const ModelSizes& model, const Workload& work) {
  Counter c("prefill");
  const auto prefix = static_cast<double>(model.prefix_length());
  const double rows = work.batch * prefix;
  c.elementwise(3 * rows * static_cast<double>(model.gpt2.width));  // + positions
  count_blocks(c, model.gpt2, rows, rows * (prefix + 1) / 2);
  return c.demand();
}

StageDemand step(const ModelSizes& model, const Workload& work) {
  Counter total("step");
  const double rows = static_cast<double>(work.batch) * work.beam;
  const auto prefix = static_cast<double>(model.prefix_length());
  const auto width = static_cast<double>(model.gpt2.width);
  const auto layers = static_cast<double>(model.gpt2.layers);
  for (int token = 1; token < work.tokens; ++token) {
    Counter c("step");
    const double positions = prefix + token;
    c.elementwise(3 * rows * width);  // a token's and a position's embedding
    count_blocks(c, model.gpt2, rows, rows * positions);
    // The past: beams share the prefix's, which the cache then holds; their own may all differ.
    const double past = work.batch * (prefix + work.beam * (token - 1.0));
    StageDemand& demand = total.demand();
    demand.weights = c.demand().weights;
    demand.activation_bytes += c.demand().activation_bytes + past * 2 * width * layers * kBytes;
    demand.flops += c.demand().flops;
    demand.kernels += c.demand().kernels;
  }
  total.demand().passes = work.tokens - 1;
  return total.demand();
}

StageDemand vocabulary(const ModelSizes& model, const Workload& work) {
  // A search's own work: the merge of the likeliest tokens, the beams' ranking, their tables of places.
  constexpr double kSearchKernels = 8;
  Counter c("vocabulary");
  const double rows =
      static_cast<double>(work.batch) * (1 + static_cast<double>(work.beam) * (work.tokens - 1));
  const auto width = static_cast<double>(model.gpt2.width);
  const auto tokens = static_cast<double>(model.gpt2.tokens);
  c.linear(rows, width, tokens, false);
  c.norm(rows, width);
  c.elementwise(rows * tokens);
  StageDemand& demand = c.demand();
  demand.passes = work.tokens;
  demand.kernels = (demand.kernels + kSearchKernels) * work.tokens;
  return demand;
}

}  // namespace

std::vector<StageDemand> model_demands(const ModelSizes& model, const Workload& work) {
  Counter encode("encode");
  std::visit(
      [&](const auto& sizes) {
        count_encoder(encode, sizes, work.batch, static_cast<double>(sizes.embedding));
      },
      model.encoder);
  Counter map("map");
  const auto width = static_cast<double>(model.gpt2.width);
  std::visit([&](const auto& sizes) { count_mapper(map, sizes, width, work.batch); }, model.mapper);
  return {encode.demand(), map.demand(), prefill(model, work), step(model, work), vocabulary(model, work)};
}

}  // namespace caption
