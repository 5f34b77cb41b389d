#pragma once

#include <cstddef>

// What lets one source of a kernel run on a GPU and, for tests, on the CPU.
//
// A kernel is a struct with
//   static constexpr int kThreads              threads of a block, a power of two
//   struct Args                                what the launch hands over, by value
//   struct Shared                              what the threads of a block share; trivial
//   static void run(Block<kThreads>, Shared&, const Args&)
//
// `run` is written for the block, not for a thread: it calls block.each(f) with what every thread does, and
// all of them are done before anything after it begins. On a GPU each() runs f once, between two barriers; on
// the CPU it loops over the threads. What stands between two each() is the same for all threads: it may read
// Shared, but write only local variables. A thread's own variables that outlive an each() are PerThread.

#ifdef __CUDACC__
#define CAPTION_DEVICE __device__ inline
#else
#define CAPTION_DEVICE inline
#endif

namespace caption::cuda {

/// Blocks of a launch, x * y of them.
struct Grid {
  int x = 1;
  int y = 1;
};

/// In which order the CPU runs the blocks of a grid and the threads of a block. A kernel whose result depends
/// on it has a race.
enum class Order { ascending, descending, scattered };

/// The i-th of `count` in an order.
inline int in_order(Order order, int i, int count) {
  if (order == Order::descending) return count - 1 - i;
  if (order == Order::ascending) return i;
  const int half = (count + 1) / 2;  // the even ones, then the odd ones
  return i < half ? 2 * i : 2 * (i - half) + 1;
}

template <int kThreads>
struct Block {
  static_assert(kThreads > 0 && (kThreads & (kThreads - 1)) == 0);

  int x;  ///< its place in the grid
  int y;
  Order order = Order::ascending;

  /// f(thread) for every thread of the block.
  template <typename Function>
  CAPTION_DEVICE void each(const Function& f) const {
#ifdef __CUDACC__
    __syncthreads();
    f(static_cast<int>(threadIdx.x));
    __syncthreads();
#else
    for (int i = 0; i < kThreads; ++i) f(in_order(order, i, kThreads));
#endif
  }
};

/// A variable of each thread.
template <typename T, int kThreads>
class PerThread {
 public:
#ifdef __CUDACC__
  CAPTION_DEVICE T& operator[](int) {
    return value_;
  }

 private:
  T value_;
#else
  T& operator[](int thread) {
    return values_[thread];
  }

 private:
  T values_[kThreads];
#endif
};

// What reduce() combines by.
template <typename T>
CAPTION_DEVICE T sum_of(const T& a, const T& b) {
  return a + b;
}
template <typename T>
CAPTION_DEVICE T smaller_of(const T& a, const T& b) {
  return b < a ? b : a;
}
template <typename T>
CAPTION_DEVICE T larger_of(const T& a, const T& b) {
  return b > a ? b : a;
}

/// combine() of all `values`, which are lost; always in the same order.
template <int kThreads, typename T, typename Combine>
CAPTION_DEVICE T reduce(const Block<kThreads>& block, T (&values)[kThreads], const Combine& combine) {
  for (int half = kThreads / 2; half > 0; half /= 2) {
    block.each([&](int thread) {
      if (thread < half) values[thread] = combine(values[thread], values[thread + half]);
    });
  }
  return values[0];
}

}  // namespace caption::cuda
