#include "cli/single_image.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "base/printable.h"
#include "caption/error.h"

namespace caption::cli {

void check_single_image(const std::string& image, const std::string& command) {
  std::error_code ignored;
  if (image == "-" && isatty(STDIN_FILENO) == 1) {
    throw Error(ErrorKind::usage,
                "'-' reads an image from standard input, which is a terminal: use a pipe or '< FILE'");
  }
  if (image != "-" && std::filesystem::is_directory(image, ignored))
    throw Error(ErrorKind::usage, "'" + printable(image) + "' is a folder: " + command + " takes one image");
}

}  // namespace caption::cli
