#pragma once

#include <filesystem>
#include <vector>

namespace caption {

/// From now on this process can open files below these folders alone, and only to read them. Returns false,
/// and changes nothing, if the kernel has no Landlock, or if there are other threads, which it would not
/// hold.
bool confine_to(const std::vector<std::filesystem::path>& folders);

}  // namespace caption
