#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inputs/selection.h"
#include "inputs/tar_sample.h"

namespace caption {

/// One input image of a run.
struct Input {
  std::string name;             ///< as the user gave it; stands in the record
  std::filesystem::path file;   ///< where to read it
  bool standard_input = false;  ///< read the bytes from stdin instead
  std::filesystem::path below;  ///< its path below the folder that was named; of a file that was, its name;
                                ///< empty for an archive that cannot be read
  /// Gives the bytes instead of `file`, if there is such a function: once, on any thread. Throws Error of a
  /// kind that concerns one image, whose message does not name the input.
  std::function<std::vector<std::byte>()> bytes = nullptr;
  std::string key = {};                          ///< of a picture in an archive: that of its sample
  std::shared_ptr<const TarSample> sample = {};  ///< with TarContents::samples: where it stands
  bool last_of_sample = true;                    ///< no other picture of that sample comes behind it

  /// Whether it is a sample without any picture, which is only passed through.
  bool only_passes() const { return sample && key.empty(); }
};

/// What is taken of the files of an archive.
enum class TarContents {
  names,     ///< only which pictures there are
  pictures,  ///< with their bytes
  samples,   ///< and all that stands beside them
};

/// What a person can do about a problem, in the words of the program that has these options; each may be
/// empty.
struct InputAdvice {
  std::string list;            ///< which list: " of --files-from"
  std::string null_separated;  ///< where one has NUL bytes: ": add --null"
  std::string recursive;       ///< where only subfolders may have images: "; add -r"
  std::string drawings;        ///< where SVG is left out: "; add --svg"
};

/// Where the inputs of a run come from.
struct InputOptions {
  std::vector<std::string> names;         ///< files, folders, "-"; as given
  std::optional<std::string> files_from;  ///< a file that lists more of them, "-" is stdin
  bool null_separated = false;            ///< the entries of lists end with NUL, not with a newline
  bool recursive = false;                 ///< look into the folders' subfolders
  bool watch = false;                     ///< then what arrives in the folders that are named, without an end
  bool tars = false;                      ///< whatever is no folder is a tar archive; "-", too
  TarContents tar_contents = TarContents::pictures;
  Patterns patterns;  ///< what is taken of folders and archives
  Shard shard;        ///< of all inputs; an archive is one
  InputAdvice advice;
};

}  // namespace caption
