#include "image/resample.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "caption/error.h"

// The passes below are compiled twice where the compiler can do so, and the processor picks: the arithmetic
// is on integers, so every version gives the same bytes. (Not target_clones: its resolver runs before the
// sanitizers do.)
#if defined(__x86_64__) && defined(__GNUC__)
#define CAPTION_AVX2 1
#endif

namespace caption {
namespace {

constexpr int kPrecisionBits = 32 - 8 - 2;  // Pillow's PRECISION_BITS
constexpr std::int32_t kHalf = 1 << (kPrecisionBits - 1);
constexpr int kLanes = 16;  // rows that the horizontal pass takes side by side

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

/// columns [in_width * 3, kLanes] -> out [count * 3, kLanes]: the rows lie side by side, so each weight meets
/// kLanes x 3 neighbouring bytes.
[[gnu::always_inline]] inline void horizontal_lanes(const std::uint8_t* columns, const Kernel& kernel,
                                                    std::uint8_t* out) {
  constexpr int width = 3 * kLanes;
  for (std::size_t x = 0; x < kernel.start.size(); ++x) {
    std::int32_t sums[width];
    for (int i = 0; i < width; ++i) sums[i] = kHalf;
    const std::uint8_t* in = columns + static_cast<std::size_t>(kernel.start[x]) * width;
    const std::int32_t* weights = kernel.weights.data() + x * static_cast<std::size_t>(kernel.taps);
    for (int t = 0; t < kernel.length[x]; ++t, in += width) {
      const std::int32_t weight = weights[t];
      for (int i = 0; i < width; ++i) sums[i] += in[i] * weight;
    }
    for (int i = 0; i < width; ++i) out[i] = clip8(sums[i]);
    out += width;
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
[[gnu::target("avx2")]] void horizontal_avx2(const std::uint8_t* columns, const Kernel& kernel,
                                             std::uint8_t* out) {
  horizontal_lanes(columns, kernel, out);
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

void horizontal(const std::uint8_t* columns, const Kernel& kernel, std::uint8_t* out) {
#ifdef CAPTION_AVX2
  if (has_avx2()) return horizontal_avx2(columns, kernel, out);
#endif
  horizontal_lanes(columns, kernel, out);
}

void vertical(const std::uint8_t* in, std::size_t width, const std::int32_t* weights, int length,
              std::int32_t* sums, std::uint8_t* out) {
#ifdef CAPTION_AVX2
  if (has_avx2()) return vertical_avx2(in, width, weights, length, sums, out);
#endif
  vertical_row(in, width, weights, length, sums, out);
}

#ifdef __SSE2__
/// A 16 x 16 block of bytes, its columns written one after the other: four rounds that interleave row i with
/// row i + 8.
void transpose_block(const std::uint8_t* const (&rows)[kLanes], std::size_t at, std::uint8_t* columns) {
  __m128i from[kLanes];
  __m128i to[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) {
    from[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[i] + at));
  }
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < kLanes / 2; ++i) {
      to[2 * i] = _mm_unpacklo_epi8(from[i], from[i + kLanes / 2]);
      to[2 * i + 1] = _mm_unpackhi_epi8(from[i], from[i + kLanes / 2]);
    }
    std::copy_n(to, kLanes, from);
  }
  for (std::size_t i = 0; i < kLanes; ++i) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(columns + i * kLanes), from[i]);
  }
}
#endif

/// kLanes rows of `width` bytes -> columns [width, kLanes]
void transpose(const std::uint8_t* const (&rows)[kLanes], std::size_t width, std::uint8_t* columns) {
  std::size_t i = 0;
#ifdef __SSE2__
  for (; i + kLanes <= width; i += kLanes) transpose_block(rows, i, columns + i * kLanes);
#endif
  for (; i < width; ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) columns[i * kLanes + lane] = rows[lane][i];
  }
}

/// Rows [first_row, first_row + rows) of the image, columns x -> [rows, x.count, 3]
std::vector<std::uint8_t> horizontal_pass(const RgbImage& image, const Span1d& x, Resample resample,
                                          int first_row, int rows) {
  Kernel kernel = resize_kernel(image.width, x, resample);
  const auto [first_column, columns_needed] = cut_to_need(kernel);
  const auto in_bytes = static_cast<std::size_t>(image.width) * 3;
  const auto first_byte = static_cast<std::size_t>(first_column) * 3;
  const auto used_bytes = static_cast<std::size_t>(columns_needed) * 3;
  const auto out_bytes = static_cast<std::size_t>(x.count) * 3;
  std::vector<std::uint8_t> columns(used_bytes * kLanes);
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
    transpose(source, used_bytes, columns.data());
    horizontal(columns.data(), kernel, lanes.data());
    for (std::size_t lane = 0; lane < static_cast<std::size_t>(used); ++lane) {
      std::uint8_t* row = out.data() + (static_cast<std::size_t>(top) + lane) * out_bytes;
      for (std::size_t i = 0; i < out_bytes; ++i) row[i] = lanes[i * kLanes + lane];
    }
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
