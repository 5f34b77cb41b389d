#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace caption {

/// The longer side of an evaluation's pictures, in pixels.
inline constexpr int kEvalThumbnail = 320;

/// What the page of an evaluation shows. Texts are any bytes; numbers are texts as they are to be shown.
struct EvalPage {
  struct Row {
    std::string metric;
    std::string value;
    std::string interval;
    std::string unit;
    std::vector<std::string> compared;  ///< the second file's value, the difference and p, or nothing
  };
  struct Picture {
    std::string name;
    std::vector<std::byte> thumbnail;  ///< a JPEG file's bytes, or nothing
    std::string caption;
    std::string other;  ///< the second file's caption; empty without one
    std::vector<std::string> references;
    std::string value;  ///< CIDEr-D
  };
  std::string captions;
  std::string references;
  std::string compared;  ///< the second file; empty without one
  std::size_t pictures = 0;
  std::vector<Row> rows;
  std::vector<Picture> worst;  ///< the worst first
  std::vector<Picture> best;   ///< the best first
  std::string program;         ///< what made it, with its version
};

/// One page that needs nothing else.
std::string eval_page(const EvalPage& page);

}  // namespace caption
