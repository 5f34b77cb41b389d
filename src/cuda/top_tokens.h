#pragma once

#include <cmath>
#include <cstdint>

#include "cuda/block.h"
#include "cuda/half.h"
#include "cuda/kernels.h"

// The k likeliest tokens and the log of the sum of exponentials, in one reading of the logits. By the
// libraries that is a conversion to fp32, a log_softmax and a top-k: each reads all of [rows, vocabulary],
// the first two write it, and of equal logits any may come first.
//
// Two passes: each chunk of a row gives its k largest logits and its sum; then the chunks of a row are
// merged.

namespace caption::cuda {

inline constexpr int kChunk = 2048;  ///< logits of a block
inline constexpr std::int32_t kNoToken = 0x7FFFFFFF;
inline constexpr float kMinusInfinity = -static_cast<float>(HUGE_VAL);

/// A logit and its token. Without a token: what comes after all others.
struct Entry {
  float value;
  std::int32_t token;
};

/// The order of the likeliest: a total one.
CAPTION_DEVICE bool comes_before(const Entry& a, const Entry& b) {
  return a.value > b.value || (a.value == b.value && a.token < b.token);
}

CAPTION_DEVICE Entry first_of(const Entry& a, const Entry& b) {
  return comes_before(b, a) ? b : a;
}

/// What is known of a chunk, beside its k entries.
struct ChunkSum {
  double sum;              ///< of exp(logit - peak); of no use if no token of the chunk can come
  float peak;              ///< the largest logit
  std::int32_t bad_token;  ///< the first with NaN or plus infinity, or kNoToken
};

template <typename T>
struct ReadChunks {
  static constexpr int kThreads = 128;
  static constexpr int kEach = kChunk / kThreads;

  struct Args {
    const T* logits;  ///< [rows, vocabulary]
    int vocabulary;
    int count;  ///< k
    float temperature;
    Entry* entries;  ///< [rows, chunks, k]
    ChunkSum* sums;  ///< [rows, chunks]
  };

  struct Shared {
    Entry entries[kThreads];
    double sums[kThreads];
    std::int32_t bad[kThreads];
  };

  struct Mine {
    float values[kEach];  ///< of the tokens begin + thread, begin + thread + kThreads, ...
    Entry best;           ///< of what has not been taken yet
  };

  /// The first of a thread's entries that comes after `taken`.
  CAPTION_DEVICE static Entry best_after(const Mine& mine, const Entry& taken, int first_token) {
    Entry best{kMinusInfinity, kNoToken};
    for (int i = 0; i < kEach; ++i) {
      const Entry entry{mine.values[i], first_token + i * kThreads};
      if (entry.value > best.value && comes_before(taken, entry)) best = entry;
    }
    return best;
  }

  /// Block (x, y): chunk y of row x.
  CAPTION_DEVICE static void run(const Block<kThreads>& block, Shared& shared, const Args& args) {
    PerThread<Mine, kThreads> all;
    const int begin = block.y * kChunk;
    const T* row = args.logits + static_cast<std::int64_t>(block.x) * args.vocabulary;
    const int chunks = (args.vocabulary + kChunk - 1) / kChunk;
    const std::int64_t chunk = static_cast<std::int64_t>(block.x) * chunks + block.y;

    block.each([&](int thread) {
      Mine& mine = all[thread];
      std::int32_t bad = kNoToken;
      for (int i = kEach - 1; i >= 0; --i) {
        const int token = begin + thread + i * kThreads;
        float value = kMinusInfinity;
        if (token < args.vocabulary) {
          value = to_float(row[token]);
          if (args.temperature != 1.0F) value = value / args.temperature;
          if (!(value < -kMinusInfinity)) bad = token;  // NaN or plus infinity
        }
        mine.values[i] = value;
      }
      shared.bad[thread] = bad;
      mine.best = best_after(mine, {-kMinusInfinity, -1}, begin + thread);
    });
    const std::int32_t bad = reduce(block, shared.bad, smaller_of<std::int32_t>);

    Entry taken{};
    float peak = kMinusInfinity;
    for (int k = 0; k < args.count; ++k) {
      block.each([&](int thread) { shared.entries[thread] = all[thread].best; });
      taken = reduce(block, shared.entries, first_of);
      if (k == 0) peak = taken.value;
      block.each([&](int thread) {
        if (thread == 0) args.entries[chunk * args.count + k] = taken;
        if (all[thread].best.token == taken.token) {
          all[thread].best = best_after(all[thread], taken, begin + thread);
        }
      });
    }

    block.each([&](int thread) {
      float sum = 0;
      for (int i = 0; i < kEach; ++i) sum += std::exp(all[thread].values[i] - peak);
      shared.sums[thread] = static_cast<double>(sum);
    });
    const double sum = reduce(block, shared.sums, sum_of<double>);
    block.each([&](int thread) {
      if (thread == 0) args.sums[chunk] = {sum, peak, bad};
    });
  }
};

struct MergeChunks {
  static constexpr int kThreads = 128;

  struct Args {
    const Entry* entries;  ///< [rows, chunks, k]
    const ChunkSum* sums;  ///< [rows, chunks]
    int chunks;
    int count;                 ///< k
    std::int32_t* tokens;      ///< [rows, k]
    float* log_probabilities;  ///< [rows, k]
    std::int32_t* status;      ///< [rows]
  };

  struct Shared {
    Entry entries[kThreads];
    double sums[kThreads];
    std::int32_t bad[kThreads];
  };

  /// The first entry after `taken` in the chunks of a thread, each of which is sorted.
  CAPTION_DEVICE static Entry best_after(const Args& args, const Entry* row, const Entry& taken, int thread) {
    Entry best{kMinusInfinity, kNoToken};
    for (int chunk = thread; chunk < args.chunks; chunk += kThreads) {
      for (int k = 0; k < args.count; ++k) {
        const Entry entry = row[static_cast<std::int64_t>(chunk) * args.count + k];
        if (!comes_before(taken, entry)) continue;
        best = first_of(best, entry);
        break;
      }
    }
    return best;
  }

  /// Block (x, 0): row x.
  CAPTION_DEVICE static void run(const Block<kThreads>& block, Shared& shared, const Args& args) {
    PerThread<Entry, kThreads> best;
    const std::int64_t first = static_cast<std::int64_t>(block.x) * args.chunks;
    const Entry* row = args.entries + first * args.count;
    const ChunkSum* sums = args.sums + first;

    block.each([&](int thread) {
      best[thread] = best_after(args, row, {-kMinusInfinity, -1}, thread);
      shared.entries[thread] = best[thread];
    });
    Entry taken = reduce(block, shared.entries, first_of);
    const float peak = taken.value;

    block.each([&](int thread) {
      double sum = 0;
      std::int32_t bad = kNoToken;
      for (int chunk = thread; chunk < args.chunks; chunk += kThreads) {
        const ChunkSum& part = sums[chunk];
        if (part.peak > kMinusInfinity) {
          sum += part.sum * std::exp(static_cast<double>(part.peak) - static_cast<double>(peak));
        }
        bad = part.bad_token < bad ? part.bad_token : bad;
      }
      shared.sums[thread] = sum;
      shared.bad[thread] = bad;
    });
    const double sum = reduce(block, shared.sums, sum_of<double>);
    const std::int32_t bad = reduce(block, shared.bad, smaller_of<std::int32_t>);
    const auto log_sum = static_cast<float>(std::log(sum));

    for (int k = 0; k < args.count; ++k) {
      if (k > 0) {
        block.each([&](int thread) {
          if (best[thread].token == taken.token) best[thread] = best_after(args, row, taken, thread);
          shared.entries[thread] = best[thread];
        });
        taken = reduce(block, shared.entries, first_of);
      }
      block.each([&](int thread) {
        if (thread != 0) return;
        const bool none = taken.token == kNoToken;
        const std::int64_t place = static_cast<std::int64_t>(block.x) * args.count + k;
        args.tokens[place] = none ? -1 : taken.token;
        args.log_probabilities[place] = none ? kMinusInfinity : (taken.value - peak) - log_sum;
      });
    }
    block.each([&](int thread) {
      if (thread != 0) return;
      const std::int32_t without_bad = peak > kMinusInfinity ? kRowIsFine : kNoTokenCanCome;
      args.status[block.x] = bad != kNoToken ? bad : without_bad;
    });
  }
};

}  // namespace caption::cuda
