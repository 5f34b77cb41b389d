#include "cli/input_flags.h"

namespace caption::cli {

Flags<InputOptions> input_flags() {
  return {
      on("-r,--recursive", &InputOptions::recursive, "Descend into subfolders"),
      name("--files-from", &InputOptions::files_from, "FILE",
           "Read further inputs from FILE, one per line; - is standard input"),
      on("-0,--null", &InputOptions::null_separated,
         "Names in --files-from and --failed end with NUL instead of a newline")
          .needs({"--files-from", "--failed"}, "--null is for --files-from and --failed"),
  };
}

InputAdvice input_advice() {
  return {" of --files-from", ": add --null (-0)", "; add -r to look into its subfolders"};
}

}  // namespace caption::cli
