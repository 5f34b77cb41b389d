#pragma once

#include <cstdint>

#include "image/image.h"

// What goes to and fro between the program and its decoder in the box, as these structs lie in memory: both
// are of the same installation.

namespace caption {

/// Followed by the file's bytes.
struct BoxQuestion {
  std::uint64_t file_bytes = 0;
  ImageOptions options;
};

/// Followed by so many bytes: of a picture its samples [height, width, 3], else of a text.
struct BoxAnswer {
  enum Outcome : std::int32_t {
    ready,          ///< at the start, without a question: in the box, or, with a text, why not
    picture,        ///< as the struct says
    failed,         ///< with an Error of the kind `error` and this text
    out_of_memory,  ///< there is not as much as it takes
  };
  Outcome outcome = ready;
  std::int32_t error = 0;
  std::int32_t width = 0;
  std::int32_t height = 0;
  std::int32_t truncated = 0;
  std::int32_t preview = 0;
  std::int32_t reads_fonts = 0;  ///< ready: whether it can
  std::uint64_t bytes = 0;
};

}  // namespace caption
