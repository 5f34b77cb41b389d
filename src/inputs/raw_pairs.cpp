#include "inputs/raw_pairs.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "inputs/image_names.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

/// As cameras write them: all of one case.
constexpr std::array kOfCameras = {".JPG"sv, ".jpg"sv,  ".JPEG"sv, ".jpeg"sv, ".HIF"sv,
                                   ".hif"sv, ".HEIC"sv, ".heic"sv, ".HEIF"sv, ".heif"sv};

std::string stem_of(const std::string& name) {
  return name.substr(0, name.rfind('.'));
}

bool is_of_camera(const std::string& name) {
  return std::any_of(kOfCameras.begin(), kOfCameras.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace

bool is_raw_of(const std::string& raw, const std::string& picture) {
  return is_raw_name(raw) && is_of_camera(picture) && stem_of(raw) == stem_of(picture);
}

std::vector<std::string> take_out_paired_raws(std::vector<std::string>& names) {
  if (std::none_of(names.begin(), names.end(), is_raw_name)) return {};
  std::set<std::string> pictures;
  for (const std::string& name : names)
    if (is_of_camera(name)) pictures.insert(stem_of(name));
  std::vector<std::string> paired;
  const auto is_paired = [&](const std::string& name) {
    const bool found = is_raw_name(name) && pictures.contains(stem_of(name));
    if (found) paired.push_back(name);
    return found;
  };
  names.erase(std::remove_if(names.begin(), names.end(), is_paired), names.end());
  return paired;
}

bool is_paired_raw(const std::filesystem::path& file, const std::filesystem::path& below,
                   const Patterns& patterns) {
  if (!is_raw_name(file.filename().string())) return false;
  return std::any_of(kOfCameras.begin(), kOfCameras.end(), [&](std::string_view ending) {
    std::filesystem::path beside = file;
    std::filesystem::path beside_below = below;
    std::error_code ignored;
    return patterns.takes_file(beside_below.replace_extension(ending).string()) &&
           std::filesystem::is_regular_file(beside.replace_extension(ending), ignored);
  });
}

}  // namespace caption
