#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "caption/api.h"

namespace caption {

/// What went wrong, as a closed set. The first group is about one input image: the batch goes on and writes
/// the kind's code into that image's record. The second group ends the program with exit status 2 or 3.
enum class ErrorKind {
  // One input image.
  not_found,           ///< no such file, or it has no such frame
  unreadable,          ///< exists, but cannot be read (permission, a folder, an I/O error)
  unsupported_format,  ///< the bytes are of no image format that we accept
  corrupt,             ///< a damaged or truncated image
  too_large,           ///< more pixels than the limit allows
  // The whole run.
  usage,     ///< an option or an argument is wrong; the program's exit status is 2
  model,     ///< a bundle, a weight file or a device cannot be used; 3
  output,    ///< a result could not be written; 3
  internal,  ///< a defect of caption itself; 3
};

/// The stable name of a kind ("not_found", "corrupt", ...), as it stands in JSON records.
CAPTION_API std::string_view error_code(ErrorKind kind);

/// Whether `kind` concerns one input image only, so that a batch can go on.
CAPTION_API bool concerns_one_image(ErrorKind kind);

/// The one exception type of this program. `what()` is a complete message for a person: it names the thing
/// and, where there is something to do, what to do.
class CAPTION_API Error : public std::runtime_error {
 public:
  /// `path` is the file concerned, empty if there is none; it is not added to the message.
  Error(ErrorKind kind, const std::string& message, std::filesystem::path path = {});

  ErrorKind kind() const { return kind_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  ErrorKind kind_;
  std::filesystem::path path_;
};

}  // namespace caption
