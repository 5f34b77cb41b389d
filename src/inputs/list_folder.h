#pragma once

#include <functional>
#include <string>
#include <system_error>

namespace caption {

enum class EntryType {
  file,  ///< a regular file, a link to one, and one to nothing or to itself, which deserves its record
  folder,
  folder_link,  ///< a link to a folder
  other,        ///< a pipe, a socket or a device
};

/// Gives `take` what is in a folder, in any order, but "." and "..". Of a million names it asks the system
/// for more than the name of links alone. -> what ended it early
std::error_code list_folder(const std::string& folder,
                            const std::function<void(std::string name, EntryType type)>& take);

}  // namespace caption
