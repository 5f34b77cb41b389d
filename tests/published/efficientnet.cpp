// Compares the encoder with what another program's network gave for the same weights, stage by stage:
//
//   efficientnet_published WEIGHTS.pth GOLDENS.safetensors
//
// The goldens, of scripts/reference/efficientnet.py: pixels [B, 3, R, R]; stem, block.0, block.1, ...,
// features, each [B, C, h, w]; classes and mean, [B, N] and [B, F].

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "caption/error.h"
#include "layers/cpu.h"
#include "vision/efficientnet.h"
#include "weights/weights.h"

namespace caption {
namespace {

/// Of the largest value of a stage: far above rounding, far below what a wrong padding or order gives.
constexpr double kAllowed = 1e-4;

class Comparison {
 public:
  explicit Comparison(const std::map<std::string, Tensor>& goldens) : goldens_(goldens) {}

  /// x [B, H, W, C] or [B, N]
  void compare(const std::string& stage, const Tensor& x) {
    const Tensor golden = goldens_.at(stage).to_fp32();
    const Tensor expected =
        golden.dim() == 4 ? golden.permute(Shape{0, 2, 3, 1}).contiguous() : golden.contiguous();
    const Tensor actual = x.contiguous();
    if (actual.sizes() != expected.sizes()) {
      std::printf("%-10s %s instead of %s\n", stage.c_str(), to_string(actual.sizes()).c_str(),
                  to_string(expected.sizes()).c_str());
      good_ = false;
      return;
    }
    double largest = 0;
    double apart = 0;
    for (std::int64_t i = 0; i < actual.numel(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(expected.data()[i])));
      apart = std::max(
          apart, std::abs(static_cast<double>(actual.data()[i]) - static_cast<double>(expected.data()[i])));
    }
    std::printf("%-10s %-18s off by %.1e of %.3g\n", stage.c_str(), to_string(actual.sizes()).c_str(), apart,
                largest);
    good_ = good_ && apart <= kAllowed * largest;
  }

  bool good() const { return good_; }

 private:
  const std::map<std::string, Tensor>& goldens_;
  bool good_ = true;
};

bool compare(const char* weights, const char* goldens_file) {
  const WeightFile file = read_weights(weights, Checksums::all);
  const WeightFile goldens = read_weights(goldens_file, Checksums::all);
  Comparison comparison(goldens.tensors);
  const Tensor pixels = goldens.tensors.at("pixels").to_fp32();
  const EncoderChoices choices = {.output = EncoderOutput::classes_and_features,
                                  .resolution = pixels.size(2)};

  Tensors parts = *image_encoder_tensors(file);
  const EfficientNetSizes sizes = read_efficientnet_sizes(parts, choices.output, choices.resolution);
  const Conv<Tensor> stem(parts, {"_conv_stem", "_bn0", sizes.stem, 3, 3, 2, Padding::same, kEfficientNetEps},
                          {});
  Tensor x = stem(pixels.permute(Shape{0, 2, 3, 1}).contiguous(), Activation::relu6);
  comparison.compare("stem", x);
  for (std::size_t i = 0; i < sizes.blocks.size(); ++i) {
    const std::string number = std::to_string(i);
    x = InvertedBottleneck<Tensor>(parts, "_blocks." + number + ".", sizes.blocks[i], {})(x);
    comparison.compare("block." + number, x);
  }

  const EfficientNet<Tensor> whole(*image_encoder_tensors(file), choices, {});
  comparison.compare("features", whole.features(pixels));
  const Tensor embedding = whole.encode(pixels);
  comparison.compare("classes", embedding.narrow(1, 0, sizes.classes));
  comparison.compare("mean", embedding.narrow(1, sizes.classes, sizes.features));
  return comparison.good();
}

}  // namespace
}  // namespace caption

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s WEIGHTS.pth GOLDENS.safetensors\n", argv[0]);
    return EXIT_FAILURE;
  }
  try {
    return caption::compare(argv[1], argv[2]) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const caption::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}
