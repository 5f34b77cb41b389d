#pragma once

#include "caption/error.h"

namespace caption::cli {

/// What the program tells its caller.
enum class ExitStatus {
  success = 0,        ///< every image was captioned
  some_failed = 1,    ///< at least one image has no caption
  usage = 2,          ///< the command line is wrong
  failure = 3,        ///< the model, the output or the program itself failed
  interrupted = 130,  ///< Ctrl-C or SIGTERM
};

/// The status of a run that `kind` ended.
inline ExitStatus exit_status(ErrorKind kind) {
  return kind == ErrorKind::usage ? ExitStatus::usage : ExitStatus::failure;
}

}  // namespace caption::cli
