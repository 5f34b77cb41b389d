#include "measure/demand.h"

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

void count_encoder(Counter& c, const VitShape& vit, double batch, double embedding) {
  const int grid = vit.resolution / vit.patch;
  const double side = grid;
  const double tokens = side * side + 1;
  const double width = vit.width;
  const double patch = 3.0 * vit.patch * vit.patch;
  c.elementwise(2 * batch * side * side * patch);  // pixels -> patches
  c.linear(batch * side * side, patch, width, false);
  c.parameters((tokens + 1) * width);  // positions, class token
  c.elementwise(2 * batch * tokens * width);
  c.norm(batch * tokens, width);
  for (int layer = 0; layer < vit.layers; ++layer) {
    c.block(batch * tokens, batch * tokens * tokens, width, 4 * width);
    c.elementwise(2 * batch * tokens * 4 * width);  // quick GELU, which no library has inside a product
  }
  c.norm(batch, width);
  c.linear(batch, width, embedding, false);
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

void count_encoder(Counter& c, const ResNetShape& resnet, double batch, double embedding) {
  const double width = resnet.width;
  const int half = resnet.resolution / 2;  // after the stem's stride
  double pixels = batch * half * half;
  c.convolution(pixels, 3, width / 2, 3, 2);
  c.convolution(pixels, width / 2, width / 2, 3);
  c.convolution(pixels, width / 2, width, 3);
  c.elementwise(1.25 * pixels * width);
  pixels /= 4;
  double in = width;
  double planes = width;
  for (std::size_t stage = 0; stage < resnet.blocks.size(); ++stage, planes *= 2) {
    for (int block = 0; block < resnet.blocks[stage]; ++block) {
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

void count_mapper(Counter& c, const MlpMapperShape& mlp, const ModelShape& model, double batch) {
  c.linear(batch, model.embedding, mlp.hidden);
  c.elementwise(2.0 * batch * mlp.hidden);
  c.linear(batch, mlp.hidden, static_cast<double>(model.prefix) * model.width);
}

void count_mapper(Counter& c, const TransformerMapperShape& mapper, const ModelShape& model, double batch) {
  const double tokens = mapper.clip_length + model.prefix;
  const double width = model.width;
  c.linear(batch, model.embedding, mapper.clip_length * width);
  c.parameters(model.prefix * width);
  c.elementwise(2 * batch * tokens * width);
  for (int layer = 0; layer < mapper.layers; ++layer) {
    c.block(batch * tokens, batch * tokens * tokens, width, mapper.hidden, /*qkv_bias=*/false);
    c.elementwise(2 * batch * tokens * mapper.hidden);  // ReLU
  }
}

void count_blocks(Counter& c, const ModelShape& model, double rows, double pairs) {
  for (int layer = 0; layer < model.layers; ++layer) c.block(rows, pairs, model.width, model.hidden);
}

StageDemand prefill(const ModelShape& model, const Workload& work) {
  Counter c("prefill");
  const double rows = static_cast<double>(work.batch) * model.prefix;
  c.elementwise(3 * rows * model.width);  // + positions
  count_blocks(c, model, rows, rows * (model.prefix + 1) / 2);
  return c.demand();
}

StageDemand step(const ModelShape& model, const Workload& work) {
  Counter total("step");
  const double rows = static_cast<double>(work.batch) * work.beam;
  const double width = model.width;
  for (int token = 1; token < work.tokens; ++token) {
    Counter c("step");
    const double positions = model.prefix + token;
    c.elementwise(3 * rows * width);  // a token's and a position's embedding
    count_blocks(c, model, rows, rows * positions);
    // The past: beams share the prefix's, which the cache then holds; their own may all differ.
    const double past = work.batch * (static_cast<double>(model.prefix) + work.beam * (token - 1.0));
    StageDemand& demand = total.demand();
    demand.weights = c.demand().weights;
    demand.activation_bytes += c.demand().activation_bytes + past * 2 * width * model.layers * kBytes;
    demand.flops += c.demand().flops;
    demand.kernels += c.demand().kernels;
  }
  total.demand().passes = work.tokens - 1;
  return total.demand();
}

StageDemand vocabulary(const ModelShape& model, const Workload& work) {
  // A search's own work: the merge of the likeliest tokens, the beams' ranking, their tables of places.
  constexpr double kSearchKernels = 8;
  Counter c("vocabulary");
  const double rows =
      static_cast<double>(work.batch) * (1 + static_cast<double>(work.beam) * (work.tokens - 1));
  c.linear(rows, model.width, model.vocabulary, false);
  c.norm(rows, model.width);
  c.elementwise(rows * model.vocabulary);
  StageDemand& demand = c.demand();
  demand.passes = work.tokens;
  demand.kernels = (demand.kernels + kSearchKernels) * work.tokens;
  return demand;
}

}  // namespace

std::vector<StageDemand> model_demands(const ModelShape& model, const Workload& work) {
  Counter encode("encode");
  std::visit([&](const auto& shape) { count_encoder(encode, shape, work.batch, model.embedding); },
             model.encoder);
  Counter map("map");
  std::visit([&](const auto& shape) { count_mapper(map, shape, model, work.batch); }, model.mapper);
  return {encode.demand(), map.demand(), prefill(model, work), step(model, work), vocabulary(model, work)};
}

}  // namespace caption
