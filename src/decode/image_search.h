#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "decode/logit_rows.h"
#include "decode/search.h"
#include "decode/wording.h"

namespace caption {

/// The search for one image's captions: its sequences, each of which has a row of the latest pass while it
/// runs.
class ImageSearch {
 public:
  virtual ~ImageSearch() = default;
  /// Sets the next token of every running sequence by its row of the latest pass.
  virtual void extend(const LogitRows& rows) = 0;
  /// Appends the last token of every running sequence, and the row that it came from, to those of the next
  /// pass; there they are its rows.
  virtual void ask(std::vector<std::int32_t>& tokens, std::vector<std::int32_t>& parents) = 0;
  /// Whether a sequence has not stopped.
  virtual bool running() const = 0;
  /// The n_best sequences, best first. Once, last.
  virtual std::vector<Hypothesis> finish() = 0;
};

}  // namespace caption
