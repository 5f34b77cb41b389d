#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "records/writers.h"

namespace caption {

/// What a sidecar holds: a picture's best caption as a line of text, or its record as a JSON object.
enum class SidecarFormat { txt, json };

/// How captions become files of their own, as trainers of image models and photo programs read them.
struct SidecarStyle {
  SidecarFormat format = SidecarFormat::txt;
  bool append = false;            ///< txt: behind the lines that the file has, instead of in their place
  std::string prefix;             ///< txt: stands before each caption
  std::string suffix;             ///< txt: stands behind it
  std::string model;              ///< json: the bundle's name
  bool several_captions = false;  ///< json: all of a record's captions beside its best
};

/// The file for `image`: its path with ".txt" or ".json" in the place of its extension.
std::filesystem::path sidecar_of(const std::filesystem::path& image, SidecarFormat format);

/// Writes each record to the next of the files that `next_file` gives, each at once: a run that is killed
/// leaves none that is cut. Makes the folders that are missing. A picture that failed gets none, nor, in txt,
/// one whose caption is empty.
std::unique_ptr<RecordWriter> make_sidecars(SidecarStyle style,
                                            std::function<std::filesystem::path()> next_file);

}  // namespace caption
