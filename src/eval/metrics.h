#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/bleu.h"
#include "eval/meteor_align.h"

namespace caption::eval {

/// A metric, as outputs call it.
struct MetricName {
  std::string_view key;    ///< in JSON: "bleu_4"
  std::string_view title;  ///< in tables: "BLEU-4"
  std::string_view unit;   ///< its range
  std::string_view peer;   ///< pycocoevalcap's name of the same number, or nothing
};
inline constexpr std::size_t kMetrics = 10;
inline constexpr std::size_t kTextMetrics = 8;  ///< the first ones, which need neither pictures nor a model
inline constexpr std::array<MetricName, kMetrics> kMetricNames = {{
    {"bleu_1", "BLEU-1", "0 to 1", "Bleu_1"},
    {"bleu_2", "BLEU-2", "0 to 1", "Bleu_2"},
    {"bleu_3", "BLEU-3", "0 to 1", "Bleu_3"},
    {"bleu_4", "BLEU-4", "0 to 1", "Bleu_4"},
    {"meteor", "METEOR", "0 to 1", "METEOR"},
    {"rouge_l", "ROUGE-L", "0 to 1", "ROUGE_L"},
    {"cider", "CIDEr", "0 to 10", ""},
    {"cider_d", "CIDEr-D", "0 to 10", "CIDEr"},
    {"clip_score", "CLIPScore", "0 to 2.5", ""},
    {"ref_clip_score", "RefCLIPScore", "0 to 1.4", ""},
}};
inline constexpr std::size_t kCiderD = 7;

/// Values of all metrics, in their order.
using Metrics = std::array<double, kMetrics>;

/// A picture's caption, and what people said.
struct Captions {
  std::string candidate;
  std::vector<std::string> references;  ///< at least one
};

struct MetricOptions {
  /// As of `load_meteor_data`: without it METEOR knows the same words and the same stems alone.
  std::optional<std::filesystem::path> meteor_data;
  /// References, by picture, that tell CIDEr how usual words are; those of the pictures themselves if empty.
  std::vector<std::vector<std::string>> corpus;
};

/// What all metrics need of one picture, or of many: it adds up.
struct Measured {
  double pictures = 0;
  BleuCounts bleu;
  MeteorStats meteor;
  double rouge_l = 0;  ///< sums
  double cider = 0;
  double cider_d = 0;
  double clip_score = 0;  ///< for whoever has a model to set
  double ref_clip_score = 0;

  void add(const Measured& other, double times = 1);
};

/// Each picture by itself. A caption without words has nothing but zeros. Throws Error(usage) for METEOR's
/// data.
std::vector<Measured> measure(std::span<const Captions> pictures, const MetricOptions& options);

/// All zeros of no picture.
Metrics metrics(const Measured& measured);

/// Of all together: BLEU and METEOR of their counts, the others as means.
Measured sum(std::span<const Measured> pictures);

}  // namespace caption::eval
