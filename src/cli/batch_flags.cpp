#include "cli/batch_flags.h"

#include <algorithm>
#include <thread>

namespace caption::cli {

Flags<BatchSizes> batch_flags() {
  return {
      number("--batch", &BatchSizes::decode_batch, {1, kMostImagesTogether},
             "Images whose captions are written together at most: more are faster and take more memory. On "
             "the CPU, captions do not depend on it"),
      number("--encode-batch", &BatchSizes::encode_batch, {1, kMostImagesTogether},
             "Images that the image encoder takes together at most"),
  };
}

int reader_threads(int threads) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(threads > 0 ? threads : cores, 1, 4);
}

}  // namespace caption::cli
