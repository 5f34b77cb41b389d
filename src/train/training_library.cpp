#include "base/shared_library.h"
#include "caption/error.h"
#include "train/training_engine.h"

namespace caption {
namespace {

constexpr const char* kLibrary = "libcaption_train.so";

}  // namespace

const TrainingLibrary& training_library() {
  std::error_code unknown;
  if (!std::filesystem::exists(library_path(kLibrary), unknown)) {
    throw Error(
        ErrorKind::model,
        "this installation was built without LibTorch, by which models are trained: build it with what "
        "'scripts/setup --train' fetches (see README.md)");
  }
  static std::string reason;
  static const TrainingLibrary* const library = from_library<decltype(&caption_training_library)>(
      library_path(kLibrary), "caption_training_library", reason);
  if (library != nullptr) return *library;
  throw Error(ErrorKind::model,
              "cannot load the part that trains: " + reason + ": build and install caption again");
}

}  // namespace caption
