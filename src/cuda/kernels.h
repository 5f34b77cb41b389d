#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "caption/api.h"

namespace caption::cuda {

/// A cudaStream_t; nullptr is the default stream. The CPU's kernels ignore it.
using Stream = void*;

/// Of the elements of an array that the model computes.
enum class Type { fp32, fp16 };

inline constexpr int kMostTopTokens = 32;
inline constexpr int kMostTokens = 1 << 26;  ///< of a vocabulary
/// Values of TopTokens::status that are no token's number.
inline constexpr std::int32_t kRowIsFine = -1;
inline constexpr std::int32_t kNoTokenCanCome = -2;  ///< every logit is minus infinity

/// What NextToken (decode/next_token.h) says of a row, for many rows. All pointers are of the device.
struct TopTokens {
  const void* logits = nullptr;  ///< [rows, vocabulary], contiguous
  Type type = Type::fp32;        ///< of the logits
  int rows = 0;
  int vocabulary = 0;     ///< at most kMostTokens
  int count = 0;          ///< k: 1 to kMostTopTokens
  float temperature = 1;  ///< divides the logits first
  /// [rows, k]: the likeliest tokens, the likeliest first, of equal ones the lower number first; -1 where no
  /// more tokens can come, as the logits of all others are minus infinity.
  std::int32_t* tokens = nullptr;
  /// [rows, k]: (logit - largest logit) - log(sum of exp(logit - largest logit)); -infinity where there is no
  /// token. The sum is taken in fp32 within a thread and in fp64 over the threads: within 1e-6 of itself.
  float* log_probabilities = nullptr;
  /// [rows]: kRowIsFine; the number of the first token whose logit is NaN or plus infinity; or
  /// kNoTokenCanCome. Of a row that is not fine, nothing else is of use.
  std::int32_t* status = nullptr;
  void* scratch = nullptr;  ///< top_tokens_scratch() bytes, aligned to 16
};

/// Bytes of scratch memory that TopTokens needs.
std::size_t top_tokens_scratch(int rows, int vocabulary, int count);

/// The weights of one side of a resize: a Kernel of image/resample.h's ResizePlan, copied to the device.
struct ResizeWeights {
  const std::int32_t* start = nullptr;    ///< [R] first input pixel
  const std::int32_t* length = nullptr;   ///< [R] number of input pixels
  const std::int32_t* weights = nullptr;  ///< [R, taps], 22 bits after the point
  int taps = 0;
};

inline constexpr int kMostSide = 1 << 14;

/// An image's way from RGB to the encoder's pixels: to_pixels() of image/image.h, bit for bit. All pointers
/// are of the device.
struct Resize {
  const std::uint8_t* image = nullptr;  ///< [height, width, 3]: the part that some weight meets
  int width = 0;
  int height = 0;
  ResizeWeights across;
  ResizeWeights down;
  int side = 0;                       ///< R, at most kMostSide
  const float* normalised = nullptr;  ///< [3, 256]: what each channel's values become
  std::uint8_t* scratch = nullptr;    ///< height * R * 3 bytes
  void* pixels = nullptr;             ///< [3, R, R]
  Type type = Type::fp32;             ///< of the pixels
};

inline constexpr int kHeadWidth = 64;
inline constexpr int kMostHeads = 1 << 12;
inline constexpr int kMostPositions = 1024;

/// One layer's attention of a decoding step: each row's newest position to all of its own, itself included.
/// Keys and values lie in a store, each position's at a place of its own, which the rows that descend from it
/// share; a row is a list of places. All pointers are of the device.
struct Attend {
  const void* qkv = nullptr;  ///< [rows, 3 * width]: queries, keys, values of the newest positions
  /// [places, layers, 2 * width], aligned to 16 bytes: keys, values. The newest positions' are written, all
  /// others read.
  void* store = nullptr;
  Type type = Type::fp32;  ///< of qkv, store and result; the sums are fp32
  int rows = 0;
  int heads = 0;  ///< width / 64
  int layer = 0;
  int layers = 0;
  /// [rows, stride]: the places of each row's positions, in their order. A row's newest place is no other
  /// row's.
  const std::int32_t* places = nullptr;
  int stride = 0;
  const std::int32_t* counts = nullptr;  ///< [rows] positions of a row: 1 to kMostPositions, at most stride
  void* result = nullptr;                ///< [rows, width]
};

/// The kernels on one kind of processor. A call returns when the work is in the stream's queue. Requests that
/// make no sense are an Error(internal), a device that refuses them an Error(model) with its reason.
class Kernels {
 public:
  virtual ~Kernels() = default;
  virtual void top_tokens(const TopTokens& request, Stream stream) const = 0;
  virtual void resize(const Resize& request, Stream stream) const = 0;
  virtual void attend(const Attend& request, Stream stream) const = 0;

  /// Memory of the device, aligned to 16 at least, for checks; Error(model) if there is none left.
  virtual void* allocate(std::size_t bytes) const = 0;
  virtual void release(void* memory) const = 0;
  /// Copies between host and device, after all that is in the queues, and waits.
  virtual void copy_in(void* device, const void* host, std::size_t bytes) const = 0;
  virtual void copy_out(void* host, const void* device, std::size_t bytes) const = 0;

  /// Versions of what the kernels are linked with, "name value" lines.
  virtual std::string versions() const = 0;
};

}  // namespace caption::cuda

/// The one entry point of the shared library with the GPU's kernels. It needs neither a GPU nor a driver to
/// be called.
extern "C" CAPTION_API const caption::cuda::Kernels* caption_cuda_kernels();
