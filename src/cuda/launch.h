#pragma once

#include <climits>
#include <string>

#include "caption/error.h"
#include "cuda/attend.h"
#include "cuda/resize.h"
#include "cuda/top_tokens.h"

// From a request to launches, the same on the CPU and on a GPU. A Launch has
//   template <typename Kernel> void run(Grid, const typename Kernel::Args&) const

namespace caption::cuda {

inline int chunks_of(int vocabulary) {
  return vocabulary / kChunk + (vocabulary % kChunk != 0 ? 1 : 0);
}

inline void expect_between(const char* what, int value, int least, int most) {
  if (value >= least && value <= most) return;
  throw Error(ErrorKind::internal, std::string(what) + " is " + std::to_string(value) + ", expected " +
                                       std::to_string(least) + " to " + std::to_string(most));
}

template <typename... Pointers>
void expect_memory(const char* kernel, const Pointers*... pointers) {
  if ((... && (pointers != nullptr))) return;
  throw Error(ErrorKind::internal, std::string(kernel) + ": memory is missing");
}

template <typename T, typename Launch>
void launch_read_chunks(const TopTokens& r, Entry* entries, ChunkSum* sums, const Launch& launch) {
  launch.template run<ReadChunks<T>>(
      {r.rows, chunks_of(r.vocabulary)},
      {static_cast<const T*>(r.logits), r.vocabulary, r.count, r.temperature, entries, sums});
}

template <typename Launch>
void launch_top_tokens(const TopTokens& r, const Launch& launch) {
  expect_between("top_tokens: rows", r.rows, 1, INT_MAX);
  expect_between("top_tokens: vocabulary", r.vocabulary, 1, kMostTokens);
  expect_between("top_tokens: count", r.count, 1, kMostTopTokens);
  if (!(r.temperature > 0)) throw Error(ErrorKind::internal, "top_tokens: the temperature is not positive");
  expect_memory("top_tokens", r.logits, r.tokens, r.log_probabilities, r.status, r.scratch);
  const int chunks = chunks_of(r.vocabulary);
  auto* sums = static_cast<ChunkSum*>(r.scratch);
  auto* entries = reinterpret_cast<Entry*>(sums + static_cast<std::int64_t>(r.rows) * chunks);
  if (r.type == Type::fp16) {
    launch_read_chunks<Half>(r, entries, sums, launch);
  } else {
    launch_read_chunks<float>(r, entries, sums, launch);
  }
  launch.template run<MergeChunks>({r.rows, 1},
                                   {entries, sums, chunks, r.count, r.tokens, r.log_probabilities, r.status});
}

template <typename Launch>
void launch_resize(const Resize& r, const Launch& launch) {
  expect_between("resize: width", r.width, 1, INT_MAX);
  expect_between("resize: height", r.height, 1, INT_MAX);
  expect_between("resize: side", r.side, 1, kMostSide);
  expect_between("resize: taps across", r.across.taps, 1, INT_MAX);
  expect_between("resize: taps down", r.down.taps, 1, INT_MAX);
  expect_memory("resize", r.image, r.across.start, r.across.length, r.across.weights, r.down.start,
                r.down.length, r.down.weights, r.normalised, r.scratch, r.pixels);
  const int columns = (r.side + ResizeAcross::kThreads - 1) / ResizeAcross::kThreads;
  launch.template run<ResizeAcross>({r.height, columns}, {r});
  if (r.type == Type::fp16) {
    launch.template run<ResizeDown<Half>>({r.side, columns}, {r});
  } else {
    launch.template run<ResizeDown<float>>({r.side, columns}, {r});
  }
}

template <typename Launch>
void launch_attend(const Attend& r, const Launch& launch) {
  expect_between("attend: rows", r.rows, 1, INT_MAX);
  expect_between("attend: heads", r.heads, 1, kMostHeads);
  expect_between("attend: layers", r.layers, 1, INT_MAX);
  expect_between("attend: layer", r.layer, 0, r.layers - 1);
  expect_between("attend: stride", r.stride, 1, INT_MAX);
  expect_memory("attend", r.qkv, r.store, r.places, r.counts, r.result);
  const Grid grid{r.rows, r.heads};
  if (r.type == Type::fp16) {
    launch.template run<AttendRow<Half>>(grid, {r});
  } else {
    launch.template run<AttendRow<float>>(grid, {r});
  }
}

}  // namespace caption::cuda
