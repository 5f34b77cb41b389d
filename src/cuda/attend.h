#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/block.h"
#include "cuda/half.h"
#include "cuda/kernels.h"

// The attention of a decoding step over keys and values that rows share. By the libraries, every step first
// gathers each row's whole past anew, as beams change their parents: for 32 images with 5 beams and 30
// positions that is 180 MB read and as much written in fp16, beside 170 MB of weights in GPT-2's (124M)
// blocks. Here a row is a list of places, and what beams share is kept once.

namespace caption::cuda {

/// 16 bytes: what a thread reads at once.
template <typename T>
struct alignas(16) Pack {
  static constexpr int kSize = 16 / static_cast<int>(sizeof(T));
  T values[kSize];
};

template <typename T>
struct AttendRow {
  static constexpr int kThreads = 128;
  static constexpr int kGroups = kThreads / kHeadWidth;  ///< of threads that share the positions of a value

  struct Args {
    Attend attend;
  };

  struct Shared {
    float query[kHeadWidth];
    float scores[kMostPositions];
    float parts[kThreads];
  };

  /// query . key
  CAPTION_DEVICE static float score(const float (&query)[kHeadWidth], const T* key) {
    float sum = 0;
    for (int i = 0; i < kHeadWidth; i += Pack<T>::kSize) {
      const Pack<T> pack = *reinterpret_cast<const Pack<T>*>(key + i);
      for (int j = 0; j < Pack<T>::kSize; ++j) sum += query[i + j] * to_float(pack.values[j]);
    }
    return sum * 0.125F;  // 1 / sqrt(64)
  }

  /// Block (x, y): head y of row x.
  CAPTION_DEVICE static void run(const Block<kThreads>& block, Shared& shared, const Args& args) {
    const Attend& a = args.attend;
    const std::int64_t width = static_cast<std::int64_t>(a.heads) * kHeadWidth;
    const std::int64_t head = static_cast<std::int64_t>(block.y) * kHeadWidth;
    const T* qkv = static_cast<const T*>(a.qkv) + 3 * width * block.x + head;
    const std::int32_t* places = a.places + static_cast<std::int64_t>(block.x) * a.stride;
    const int count = a.counts[block.x];
    T* const layer = static_cast<T*>(a.store) + 2 * width * a.layer + head;
    const std::int64_t step = 2 * width * a.layers;  // from a place to the next

    // The newest position's key and value go to their place, where the rest of this block finds them.
    block.each([&](int thread) {
      if (thread >= kHeadWidth) return;
      T* const newest = layer + places[count - 1] * step;
      newest[thread] = qkv[width + thread];
      newest[width + thread] = qkv[2 * width + thread];
      shared.query[thread] = to_float(qkv[thread]);
    });

    block.each([&](int thread) {
      float peak = kLeast;
      for (int t = thread; t < count; t += kThreads) {
        shared.scores[t] = score(shared.query, layer + places[t] * step);
        peak = shared.scores[t] > peak ? shared.scores[t] : peak;
      }
      shared.parts[thread] = peak;
    });
    const float peak = reduce(block, shared.parts, larger_of<float>);

    block.each([&](int thread) {
      float sum = 0;
      for (int t = thread; t < count; t += kThreads) {
        shared.scores[t] = std::exp(shared.scores[t] - peak);
        sum += shared.scores[t];
      }
      shared.parts[thread] = sum;
    });
    const float sum = reduce(block, shared.parts, sum_of<float>);

    block.each([&](int thread) {
      const int i = thread % kHeadWidth;
      float value = 0;
      for (int t = thread / kHeadWidth; t < count; t += kGroups) {
        value += shared.scores[t] * to_float(layer[places[t] * step + width + i]);
      }
      shared.parts[thread] = value;
    });
    block.each([&](int thread) {
      if (thread >= kHeadWidth) return;
      float value = 0;
      for (int group = 0; group < kGroups; ++group) value += shared.parts[group * kHeadWidth + thread];
      static_cast<T*>(a.result)[block.x * width + head + thread] = from_float<T>(value / sum);
    });
  }

 private:
  static constexpr float kLeast = -3.4e38F;  ///< below every score
};

}  // namespace caption::cuda
