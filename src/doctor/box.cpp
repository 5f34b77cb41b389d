#include "doctor/box.h"

#include <string>

namespace caption {

void check_box(Checks& checks, const BoxReport& found) {
  if (!found.reason.empty()) {
    return checks.warn("box",
                       "there can be none: " + found.reason +
                           "; what is no JPEG or PNG is decoded in the program itself, where a decoder "
                           "that crashes ends the run");
  }
  checks.look("box", [&] {
    return "by seccomp: what is no JPEG or PNG is decoded in it; drawings " +
           std::string(found.reads_fonts
                           ? "read fonts, and by Landlock no other files"
                           : "read no fonts, as the kernel has no Landlock: texts in them may lack theirs");
  });
}

}  // namespace caption
