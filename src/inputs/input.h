#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inputs/selection.h"

namespace caption {

/// One input image of a run.
struct Input {
  std::string name;             ///< as the user gave it; stands in the record
  std::filesystem::path file;   ///< where to read it
  bool standard_input = false;  ///< read the bytes from stdin instead
  std::filesystem::path below;  ///< its path below the folder that was named; of a file that was, its name
  /// Gives the bytes instead of `file`, if there is such a function: once, on any thread. Throws Error of a
  /// kind that concerns one image, whose message does not name the input.
  std::function<std::vector<std::byte>()> bytes = nullptr;
};

/// What a person can do about a problem, in the words of the program that has these options; each may be
/// empty.
struct InputAdvice {
  std::string list;            ///< which list: " of --files-from"
  std::string null_separated;  ///< where one has NUL bytes: ": add --null"
  std::string recursive;       ///< where only subfolders may have images: "; add -r"
};

/// Where the inputs of a run come from.
struct InputOptions {
  std::vector<std::string> names;         ///< files, folders, "-"; as given
  std::optional<std::string> files_from;  ///< a file that lists more of them, "-" is stdin
  bool null_separated = false;            ///< the entries of lists end with NUL, not with a newline
  bool recursive = false;                 ///< look into the folders' subfolders
  Patterns patterns;                      ///< what is taken of the folders
  Shard shard;                            ///< of all inputs
  InputAdvice advice;
};

}  // namespace caption
