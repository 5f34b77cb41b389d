#include "cli/input_flags.h"

namespace caption::cli {

Flags<InputOptions> input_flags() {
  return {
      on("-r,--recursive", &InputOptions::recursive, "Look into the folders' subfolders, too"),
      name("--files-from", &InputOptions::files_from, "FILE",
           "Read more inputs from FILE, one a line; - is standard input"),
      on("-0,--null", &InputOptions::null_separated,
         "The names of --files-from and --failed end with a NUL byte instead of a newline")
          .needs({"--files-from", "--failed"}, "--null is for --files-from and --failed"),
  };
}

InputAdvice input_advice() {
  return {" of --files-from", ": add --null (-0)", "; add -r to look into its subfolders"};
}

}  // namespace caption::cli
