#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "caption/captioner.h"

namespace caption {

/// Bounds of BenchmarkOptions' values.
inline constexpr int kMostBenchmarkBatch = 4096;
inline constexpr int kMostRounds = 1000;

/// What is measured.
struct BenchmarkOptions {
  /// Images that go through the model together. If there are fewer, or the last batch is not full, the images
  /// are taken again from the first.
  int batch = 1;
  /// Tokens of every caption. The stop token ends none, so that runs compare; the text may run on after its
  /// end.
  int tokens = 12;
  /// Rounds that are measured, after one that is not. Each takes every image through every stage.
  int repeat = 5;
  /// Measure the machine's peaks, too, afterwards.
  bool peaks = true;
  ImageOptions image;
  /// Only the beam counts.
  DecodeOptions decode;
};

/// An image file.
struct BenchmarkImage {
  std::string name;
  std::vector<std::byte> file;  ///< its bytes
};

struct BenchmarkRequest {
  std::filesystem::path folder;  ///< of the bundle
  ModelOptions model;            ///< on the CPU
  BenchmarkOptions options;
  std::vector<BenchmarkImage> images;
  /// Writes the record of one image: what the stage "write" times, beside the token ids' way to text.
  std::function<void(const std::string& image, const Caption& caption)> write;
};

/// The middle value of several rounds, and the outer ones.
struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

/// What the processor can do at most with the threads of the run; 0: not known for this processor.
struct BenchmarkPeaks {
  double gb_per_s = 0;  ///< 10^9 bytes per second read from memory that no cache holds
  /// 10^9 operations per second in registers; a multiply-add is two.
  double fp32_gflop_per_s = 0;
  double bf16_gflop_per_s = 0;
  double int8_gflop_per_s = 0;
};

/// A stage's arithmetic: matrix products and attention.
struct StageWork {
  /// Per image, read from memory at least: the weights, as they are kept, once per product and batch, and the
  /// keys and values that each row of a decoding step looks at. Activations are not counted.
  double bytes = 0;
  /// Per image; a multiply-add is two. Element-wise functions and norms are not counted.
  double flops = 0;
  double gb_per_s = 0;     ///< at the median time
  double gflop_per_s = 0;  ///< likewise
  /// gb_per_s by the peak's. Above 1 if the weights stay in a cache.
  std::optional<double> share_of_memory;
  /// The time that these operations take at their types' peaks, by the median time.
  std::optional<double> share_of_arithmetic;
};

struct StageReport {
  std::string name;  ///< decode, resize, encode, map, prefill, step, search or write
  Spread ms_per_image;
  std::optional<StageWork> work;  ///< of the four that run a part of the model
};

struct BenchmarkReport {
  std::string model;                      ///< the bundle's name
  int threads = 0;                        ///< of the arithmetic
  Precision precision = Precision::fp32;  ///< what was used; never automatic
  std::string kernels;                    ///< the instruction set in use
  std::optional<BenchmarkPeaks> peaks;
  double load_ms = 0;                ///< the bundle, once: its files read or mapped, its weights packed
  std::vector<StageReport> stages;   ///< in the order in which an image goes through them
  Spread caption_ms_per_image;       ///< encode, map, prefill, step and search together
  Spread ms_per_image;               ///< all stages, one after the other
  std::int64_t peak_bytes = 0;       ///< the most memory that the process had, mapped files included
  std::int64_t anonymous_bytes = 0;  ///< what of it is no file's, after the last round
  /// Of each image, in order, the same in every round.
  std::vector<std::vector<std::int32_t>> tokens;
};

}  // namespace caption
