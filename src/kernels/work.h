#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace caption {

/// The types that matrices are multiplied in.
enum class Arithmetic { fp32, bf16, int8 };
inline constexpr std::size_t kArithmetics = 3;

/// What the CPU's arithmetic has done: matrix products and attention, which is all that takes time.
struct Work {
  /// Read from memory at least: every product's matrix once, with its bias and steps, and the keys and values
  /// that each row of a decoding step looks at. Activations are not counted: they are small and stay in the
  /// caches.
  std::int64_t bytes = 0;
  /// By Arithmetic; a multiply-add is two. As the formulas have them: int8 with 16-bit activations takes the
  /// processor twice as many, padding some more.
  std::array<std::int64_t, kArithmetics> operations{};

  friend Work operator-(const Work& later, const Work& earlier);
  Work& operator+=(const Work& other);
};

/// Adds to the work of this process. From any thread.
void count_work(Arithmetic type, std::int64_t operations, std::int64_t bytes);

/// Since the process started; the difference of two is what was done between them.
Work work_so_far();

}  // namespace caption
