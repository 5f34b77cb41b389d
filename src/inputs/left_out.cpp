#include "inputs/left_out.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>
#include <utility>

#include "base/printable.h"

namespace caption {
namespace {

constexpr std::size_t kMostNamed = 5;

constexpr std::array<std::string_view, 7> kSystemFolders = {
    "@eaDir", "#recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information", "__MACOSX", "lost+found"};

std::string files_text(const std::map<std::string, std::size_t>& kinds) {
  std::vector<std::pair<std::string, std::size_t>> most(kinds.begin(), kinds.end());
  std::stable_sort(most.begin(), most.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  const std::size_t count =
      std::accumulate(most.begin(), most.end(), std::size_t{0},
                      [](std::size_t sum, const auto& kind) { return sum + kind.second; });
  std::string text = std::to_string(count);
  text += count == 1 ? " file is left out, as its format is not read: "
                     : " files are left out, as their formats are not read: ";
  for (const auto& [name, number] : most) {
    if (name != most.front().first) text += ", ";
    text.append(std::to_string(number)).append(" ").append(name);
  }
  return text;
}

std::string folders_text(const std::vector<std::string>& folders) {
  std::string text = std::to_string(folders.size());
  text +=
      folders.size() == 1 ? " folder of the system is left out: " : " folders of the system are left out: ";
  for (std::size_t i = 0; i < folders.size() && i < kMostNamed; ++i)
    text.append(i == 0 ? "" : ", ").append(printable(folders[i]));
  return folders.size() > kMostNamed ? text + ", ..." : text;
}

}  // namespace

std::string LeftOut::text() const {
  std::string text;
  if (!kinds.empty()) text = files_text(kinds);
  if (!folders.empty()) text.append(text.empty() ? "" : "\n").append(folders_text(folders));
  return text;
}

bool is_system_folder(const std::string& name) {
  return std::find(kSystemFolders.begin(), kSystemFolders.end(), name) != kSystemFolders.end();
}

}  // namespace caption
