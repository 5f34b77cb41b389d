#include "image/resample.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

#include "caption/error.h"

// The passes below are there twice, and the processor picks: the arithmetic is on integers, so every version
// gives the same bytes. (Not target_clones: its resolver runs before the sanitizers do.)
#if defined(__x86_64__) && defined(__GNUC__)
#define CAPTION_AVX2 1
#include <immintrin.h>
#endif

namespace caption {
namespace {

constexpr int kPrecisionBits = 32 - 8 - 2;  // Pillow's PRECISION_BITS
constexpr std::int32_t kHalf = 1 << (kPrecisionBits - 1);
constexpr int kLanes = 16;                  // rows that the horizontal pass takes side by side
constexpr int kPairBytes = 3 * kLanes * 2;  // of two neighbouring pixels in all of them
constexpr int kLowBits = 11;                // of a weight: both parts of it fit into 16 bits

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double bilinear(double x) {
  return std::max(1.0 - std::abs(x), 0.0);
}

/// A filter, and where it ends: it is 0 from there on.
struct Curve {
  double (*at)(double);
  double support;
};

Curve curve_of(Resample resample) {
  return resample == Resample::bilinear ? Curve{bilinear, 1.0} : Curve{bicubic, 2.0};
}

std::int32_t to_fixed(double weight) {
  const double scaled = weight * (1 << kPrecisionBits);
  return static_cast<std::int32_t>(weight < 0 ? -0.5 + scaled : 0.5 + scaled);
}

inline std::uint8_t clip8(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255));
}

/// The weights of two neighbouring pixels, each as high * 2^11 + low.
struct PairWeights {
  std::int16_t low[2];
  std::int16_t high[2];
};

/// A Kernel by pairs of pixels, of which the first has an even number: the first or last pixel of an output
/// may have no weight.
struct PairKernel {
  std::vector<std::size_t> start;    ///< [count + 1] where an output's pairs are in `weights`
  std::vector<std::size_t> first;    ///< [count] the first pair of pixels
  std::vector<PairWeights> weights;  ///< of all outputs
};

PairKernel by_pairs(const Kernel& kernel) {
  PairKernel pairs;
  pairs.start.push_back(0);
  for (std::size_t x = 0; x < kernel.start.size(); ++x) {
    const auto begin = static_cast<std::size_t>(kernel.start[x]);
    const auto end = begin + static_cast<std::size_t>(kernel.length[x]);
    const std::int32_t* const weights = kernel.weights.data() + x * static_cast<std::size_t>(kernel.taps);
    pairs.first.push_back(begin / 2);
    for (std::size_t pixel = begin / 2 * 2; pixel < end; pixel += 2) {
      PairWeights& pair = pairs.weights.emplace_back();
      for (std::size_t i = 0; i < 2; ++i) {
        const bool met = pixel + i >= begin && pixel + i < end;
        const std::int32_t weight = met ? weights[pixel + i - begin] : 0;
        pair.low[i] = static_cast<std::int16_t>(weight & ((1 << kLowBits) - 1));
        pair.high[i] = static_cast<std::int16_t>(weight >> kLowBits);
      }
    }
    pairs.start.push_back(pairs.weights.size());
  }
  return pairs;
}

/// pairs [.., 3, kLanes, 2] -> out [count, 3, kLanes]: the rows lie side by side, so each pair of weights
/// meets kLanes x 3 neighbouring pairs of bytes.
void horizontal_portable(const std::uint8_t* pairs, const PairKernel& kernel, std::uint8_t* out) {
  constexpr int width = 3 * kLanes;
  for (std::size_t x = 0; x < kernel.first.size(); ++x, out += width) {
    std::int32_t sums[width];
    for (int i = 0; i < width; ++i) sums[i] = kHalf;
    const std::uint8_t* in = pairs + kernel.first[x] * kPairBytes;
    for (std::size_t t = kernel.start[x]; t < kernel.start[x + 1]; ++t, in += kPairBytes) {
      const PairWeights& pair = kernel.weights[t];
      const std::int32_t first = pair.high[0] * (1 << kLowBits) + pair.low[0];
      const std::int32_t second = pair.high[1] * (1 << kLowBits) + pair.low[1];
      for (int i = 0; i < width; ++i) sums[i] += in[2 * i] * first + in[2 * i + 1] * second;
    }
    for (int i = 0; i < width; ++i) out[i] = clip8(sums[i]);
  }
}

/// rows [length, width] starting at `in`, one under the other -> out [width]
[[gnu::always_inline]] inline void vertical_row(const std::uint8_t* in, std::size_t width,
                                                const std::int32_t* weights, int length, std::int32_t* sums,
                                                std::uint8_t* out) {
  for (std::size_t i = 0; i < width; ++i) sums[i] = kHalf;
  for (int t = 0; t < length; ++t, in += width) {
    const std::int32_t weight = weights[t];
    for (std::size_t i = 0; i < width; ++i) sums[i] += in[i] * weight;
  }
  for (std::size_t i = 0; i < width; ++i) out[i] = clip8(sums[i]);
}

#ifdef CAPTION_AVX2
/// kGroup x 8 of the sums of one output. Of the weights' low and high parts there is a sum each: more would
/// not fit into the registers.
constexpr int kGroup = 3;

[[gnu::target("avx2")]] inline void sum_pairs(const std::uint8_t* in, const PairWeights* weights,
                                              const PairWeights* end, __m256i* sums) {
  __m256i low[kGroup];
  __m256i high[kGroup];
  for (int i = 0; i < kGroup; ++i) {
    low[i] = _mm256_set1_epi32(kHalf);
    high[i] = _mm256_setzero_si256();
  }
  for (; weights < end; ++weights, in += kPairBytes) {
    const __m256i low_weights = _mm256_set1_epi32(std::bit_cast<std::int32_t>(weights->low));
    const __m256i high_weights = _mm256_set1_epi32(std::bit_cast<std::int32_t>(weights->high));
    for (int i = 0; i < kGroup; ++i) {
      const auto* const bytes = reinterpret_cast<const __m128i*>(in) + i;
      const __m256i values = _mm256_cvtepu8_epi16(_mm_loadu_si128(bytes));
      low[i] = _mm256_add_epi32(low[i], _mm256_madd_epi16(values, low_weights));
      high[i] = _mm256_add_epi32(high[i], _mm256_madd_epi16(values, high_weights));
    }
  }
  for (int i = 0; i < kGroup; ++i) {
    const __m256i both = _mm256_add_epi32(low[i], _mm256_slli_epi32(high[i], kLowBits));
    sums[i] = _mm256_srai_epi32(both, kPrecisionBits);
  }
}

[[gnu::target("avx2")]] void horizontal_avx2(const std::uint8_t* pairs, const PairKernel& kernel,
                                             std::uint8_t* out) {
  static_assert(2 * kGroup * 8 == 3 * kLanes);
  for (std::size_t x = 0; x < kernel.first.size(); ++x) {
    const std::uint8_t* const in = pairs + kernel.first[x] * kPairBytes;
    const PairWeights* const weights = kernel.weights.data() + kernel.start[x];
    const PairWeights* const end = kernel.weights.data() + kernel.start[x + 1];
    __m256i sums[2 * kGroup];
    sum_pairs(in, weights, end, sums);
    sum_pairs(in + kPairBytes / 2, weights, end, sums + kGroup);
    for (int channel = 0; channel < 3; ++channel, out += kLanes) {
      // Packing works within 128 bits: what belongs together is moved there. It also clamps.
      const __m256i packed = _mm256_packus_epi32(sums[2 * channel], sums[2 * channel + 1]);
      const __m256i words = _mm256_permute4x64_epi64(packed, 0xd8);
      const __m128i bytes =
          _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
    }
  }
}
[[gnu::target("avx2")]] void vertical_avx2(const std::uint8_t* in, std::size_t width,
                                           const std::int32_t* weights, int length, std::int32_t* sums,
                                           std::uint8_t* out) {
  vertical_row(in, width, weights, length, sums, out);
}
bool has_avx2() {
  static const bool supported = __builtin_cpu_supports("avx2") != 0;
  return supported;
}
#endif

void horizontal(const std::uint8_t* pairs, const PairKernel& kernel, std::uint8_t* out) {
#ifdef CAPTION_AVX2
  if (has_avx2()) return horizontal_avx2(pairs, kernel, out);
#endif
  horizontal_portable(pairs, kernel, out);
}

void vertical(const std::uint8_t* in, std::size_t width, const std::int32_t* weights, int length,
              std::int32_t* sums, std::uint8_t* out) {
#ifdef CAPTION_AVX2
  if (has_avx2()) return vertical_avx2(in, width, weights, length, sums, out);
#endif
  vertical_row(in, width, weights, length, sums, out);
}

#ifdef __SSE2__
/// A 16 x 16 block of bytes, whose rows become columns: four rounds that interleave row i with row i + 8.
void transpose_block(const std::uint8_t* const (&rows)[kLanes], std::size_t at, __m128i* columns) {
  __m128i from[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) {
    from[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[i] + at));
  }
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < kLanes / 2; ++i) {
      columns[2 * i] = _mm_unpacklo_epi8(from[i], from[i + kLanes / 2]);
      columns[2 * i + 1] = _mm_unpackhi_epi8(from[i], from[i + kLanes / 2]);
    }
    std::copy_n(columns, kLanes, from);
  }
}

void store_vector(__m128i bytes, std::uint8_t* out) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
}

/// 16 pixels of kLanes rows -> [8, 3, kLanes, 2]
void pair_block(const std::uint8_t* const (&rows)[kLanes], std::size_t at, std::uint8_t* pairs) {
  __m128i columns[3 * kLanes];
  for (std::size_t i = 0; i < 3; ++i) transpose_block(rows, at + i * kLanes, columns + i * kLanes);
  for (std::size_t pair = 0; pair < kLanes / 2; ++pair) {
    for (std::size_t channel = 0; channel < 3; ++channel, pairs += 2 * kLanes) {
      const __m128i first = columns[6 * pair + channel];
      const __m128i second = columns[6 * pair + 3 + channel];
      store_vector(_mm_unpacklo_epi8(first, second), pairs);
      store_vector(_mm_unpackhi_epi8(first, second), pairs + kLanes);
    }
  }
}
#endif

/// kLanes rows of `pixels` pixels -> pairs [pixels / 2, rounded up; 3, kLanes, 2]
void to_pairs(const std::uint8_t* const (&rows)[kLanes], std::size_t pixels, std::uint8_t* pairs) {
  std::size_t pixel = 0;
#ifdef __SSE2__
  for (; pixel + kLanes <= pixels; pixel += kLanes)
    pair_block(rows, 3 * pixel, pairs + pixel / 2 * kPairBytes);
#endif
  for (; pixel < pixels; ++pixel) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      std::uint8_t* const out = pairs + pixel / 2 * kPairBytes + channel * 2 * kLanes + pixel % 2;
      for (std::size_t lane = 0; lane < kLanes; ++lane) out[2 * lane] = rows[lane][3 * pixel + channel];
    }
  }
}

/// lanes [width, kLanes] -> the first `used` of kLanes rows [width]
void to_rows(const std::uint8_t* lanes, std::size_t width, std::size_t used, std::uint8_t* rows) {
  std::size_t i = 0;
#ifdef __SSE2__
  for (; i + kLanes <= width; i += kLanes) {
    const std::uint8_t* columns[kLanes];
    for (std::size_t j = 0; j < kLanes; ++j) columns[j] = lanes + (i + j) * kLanes;
    __m128i block[kLanes];
    transpose_block(columns, 0, block);
    for (std::size_t lane = 0; lane < used; ++lane) store_vector(block[lane], rows + lane * width + i);
  }
#endif
  for (; i < width; ++i) {
    for (std::size_t lane = 0; lane < used; ++lane) rows[lane * width + i] = lanes[i * kLanes + lane];
  }
}

/// Rows [first_row, first_row + rows) of the image, columns x -> [rows, x.count, 3]
std::vector<std::uint8_t> horizontal_pass(const RgbImage& image, const Span1d& x, Resample resample,
                                          int first_row, int rows) {
  Kernel kernel = resize_kernel(image.width, x, resample);
  const auto [first_column, columns_needed] = cut_to_need(kernel);
  const auto in_bytes = static_cast<std::size_t>(image.width) * 3;
  const auto first_byte = static_cast<std::size_t>(first_column) * 3;
  const auto pixels = static_cast<std::size_t>(columns_needed);
  const auto out_bytes = static_cast<std::size_t>(x.count) * 3;
  const PairKernel pair_kernel = by_pairs(kernel);
  std::vector<std::uint8_t> pairs((pixels + 1) / 2 * kPairBytes);
  std::vector<std::uint8_t> lanes(out_bytes * kLanes);
  std::vector<std::uint8_t> out(out_bytes * static_cast<std::size_t>(rows));
  for (int top = 0; top < rows; top += kLanes) {
    const int used = std::min(kLanes, rows - top);
    const std::uint8_t* source[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
      // Lanes past the last row repeat it; their results are not read.
      const auto row = static_cast<std::size_t>(first_row + top + std::min(lane, used - 1));
      source[lane] = image.data.data() + row * in_bytes + first_byte;
    }
    to_pairs(source, pixels, pairs.data());
    horizontal(pairs.data(), pair_kernel, lanes.data());
    to_rows(lanes.data(), out_bytes, static_cast<std::size_t>(used),
            out.data() + static_cast<std::size_t>(top) * out_bytes);
  }
  return out;
}

}  // namespace

Kernel resize_kernel(int in_size, const Span1d& out, Resample resample) {
  const Curve curve = curve_of(resample);
  const double scale = static_cast<double>(in_size) / static_cast<double>(out.size);
  const double filter_scale = std::max(scale, 1.0);
  const double support = curve.support * filter_scale;
  const double inverse = 1.0 / filter_scale;
  const auto count = static_cast<std::size_t>(out.count);
  Kernel kernel;
  kernel.taps = static_cast<int>(std::min(std::ceil(support) * 2 + 1, static_cast<double>(in_size)));
  kernel.start.resize(count);
  kernel.length.resize(count);
  kernel.weights.resize(count * static_cast<std::size_t>(kernel.taps));
  std::vector<double> weights(static_cast<std::size_t>(kernel.taps));
  for (std::size_t i = 0; i < count; ++i) {
    const double center = (static_cast<double>(out.first) + static_cast<double>(i) + 0.5) * scale;
    const int begin = std::max(static_cast<int>(center - support + 0.5), 0);
    const int end = std::min(static_cast<int>(center + support + 0.5), in_size);
    double total = 0;
    for (int tap = begin; tap < end; ++tap) {
      const double weight = curve.at((tap - center + 0.5) * inverse);
      weights[static_cast<std::size_t>(tap - begin)] = weight;
      total += weight;
    }
    kernel.start[i] = begin;
    kernel.length[i] = end - begin;
    std::int32_t* fixed = kernel.weights.data() + i * static_cast<std::size_t>(kernel.taps);
    for (int tap = 0; tap < end - begin; ++tap) {
      const double weight = weights[static_cast<std::size_t>(tap)];
      fixed[tap] = to_fixed(total != 0.0 ? weight / total : weight);
    }
  }
  return kernel;
}

std::pair<int, int> cut_to_need(Kernel& kernel) {
  const int first = kernel.start.front();
  const int end = kernel.start.back() + kernel.length.back();
  for (int& start : kernel.start) start -= first;
  return {first, end - first};
}

RgbImage resize_region(const RgbImage& image, const Span1d& x, const Span1d& y, Resample resample) {
  RgbImage result{x.count, y.count, {}};
  const auto out_bytes = static_cast<std::size_t>(x.count) * 3;

  const Kernel rows = resize_kernel(image.height, y, resample);
  const bool keep_height = y.size == image.height;
  const int first_row = keep_height ? static_cast<int>(y.first) : rows.start.front();
  const int end_row = keep_height ? first_row + y.count : rows.start.back() + rows.length.back();

  std::vector<std::uint8_t> narrowed;  // [end_row - first_row, x.count, 3]
  if (x.size == image.width) {
    narrowed.resize(out_bytes * static_cast<std::size_t>(end_row - first_row));
    for (int row = first_row; row < end_row; ++row) {
      const auto pixel = static_cast<std::size_t>(row) * static_cast<std::size_t>(image.width) +
                         static_cast<std::size_t>(x.first);
      std::copy_n(image.data.data() + pixel * 3, out_bytes,
                  narrowed.data() + static_cast<std::size_t>(row - first_row) * out_bytes);
    }
  } else {
    narrowed = horizontal_pass(image, x, resample, first_row, end_row - first_row);
  }
  if (keep_height) {
    result.data = std::move(narrowed);
    return result;
  }

  result.data.resize(out_bytes * static_cast<std::size_t>(y.count));
  std::vector<std::int32_t> sums(out_bytes);
  for (std::size_t i = 0; i < static_cast<std::size_t>(y.count); ++i) {
    const std::uint8_t* in =
        narrowed.data() + static_cast<std::size_t>(rows.start[i] - first_row) * out_bytes;
    vertical(in, out_bytes, rows.weights.data() + i * static_cast<std::size_t>(rows.taps), rows.length[i],
             sums.data(), result.data.data() + i * out_bytes);
  }
  return result;
}

RgbImage resize_bicubic(const RgbImage& image, int width, int height) {
  if (image.width < 1 || image.height < 1 || width < 1 || height < 1) {
    throw Error(ErrorKind::internal, "resize_bicubic: both sizes must be at least 1x1");
  }
  return resize_region(image, {width, 0, width}, {height, 0, height});
}

}  // namespace caption
