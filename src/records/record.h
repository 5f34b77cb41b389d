#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "caption/captioner.h"
#include "files/file_state.h"

namespace caption {

/// What became of one input: captions, best first, or an error.
struct Record {
  std::string image;  ///< Input::name
  std::vector<Caption> captions;
  std::optional<Error> error;
  std::vector<std::byte> thumbnail;  ///< as Picture::thumbnail
  bool truncated = false;            ///< as Picture::truncated
  bool preview = false;              ///< as Picture::preview
  std::size_t number = 0;            ///< the input's place in the order of the run, from 0 on
  std::optional<FileState> state;    ///< of its file before it was read; nothing without one
  std::string key;                   ///< Input::key
};

/// The records of a run, counted.
struct BatchSummary {
  std::size_t captioned = 0;
  std::size_t failed = 0;
  bool interrupted = false;  ///< there were more inputs
};

}  // namespace caption
