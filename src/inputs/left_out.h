#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "base/counted.h"
#include "inputs/selection.h"

namespace caption {

/// Why something in a folder is no input.
enum class WhyLeftOut {
  format,         ///< a picture or video of a format that is not read
  hidden_file,    ///< it would be one of these or an input, but its name begins with a dot
  hidden_folder,  ///< likewise
  system_folder,  ///< is_system_folder
  folder_link,    ///< a link to a folder, which could go round in a circle
  subfolder,      ///< subfolders were not asked for
  no_file,        ///< a pipe, a socket or a device called like a picture
  paired_raw,     ///< a camera's raw data beside a JPEG or HEIF of the same picture
};

struct LeftOutName {
  std::string name;  ///< FOLDER/NAME
  WhyLeftOut why;
  std::string kind = {};  ///< of a format: "HEIC"

  /// "format", "hidden", "system_folder", "link", "subfolder", "no_file", "paired_raw": for
  /// programs.
  std::string code() const;
  /// For a person.
  std::string message() const;
};

/// What folders, and archives, hold and a run does not take, counted. Memory does not grow with it.
class LeftOut {
 public:
  using Take = std::function<void(const LeftOutName&)>;

  /// Of a part of all inputs, what is in that part. `take`, if there is one, gets each.
  explicit LeftOut(const Shard& shard = {}, Take take = nullptr);

  void add(const LeftOutName& name);
  /// Of an archive that is in that part, as a whole.
  void add_of_archive(const LeftOutName& name);

  /// "12 files are left out, as their formats are not read: 8 HEIC, 4 MP4", the kinds that there are most of
  /// first, and so on. Lines without their ends; empty if nothing is left out. Nothing of subfolders. Where
  /// there are drawings among them, `advice` of them stands behind.
  std::string text(const std::string& advice = {}) const;

 private:
  Shard shard_;
  Take take_;
  std::map<std::string, std::size_t> kinds_;  ///< "HEIC" -> how many
  std::map<WhyLeftOut, CountedNames> groups_;
};

/// Whether a folder of this name holds what a system made of pictures or threw away: Synology's "@eaDir",
/// "#recycle", ...
bool is_system_folder(const std::string& name);

}  // namespace caption
