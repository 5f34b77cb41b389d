#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace caption {

/// What folders hold and a run does not take: pictures and videos of formats that are not read, by kind, and
/// folders that systems put beside pictures.
struct LeftOut {
  std::map<std::string, std::size_t> kinds;  ///< "HEIC" -> how many
  std::vector<std::string> folders;          ///< with the folder that they are in

  /// "12 files are left out: 8 HEIC, 4 MP4"; the kinds that there are most of first. Lines without their
  /// ends; empty if nothing is left out.
  std::string text() const;
};

/// Whether a folder of this name holds what a system made of pictures or threw away: Synology's "@eaDir",
/// "#recycle", ...
bool is_system_folder(const std::string& name);

}  // namespace caption
