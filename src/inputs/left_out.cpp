#include "inputs/left_out.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/counted.h"

namespace caption {
namespace {

constexpr std::array<std::string_view, 8> kSystemFolders = {
    "@eaDir",   "#recycle",   "#snapshot",  "$RECYCLE.BIN", "System Volume Information",
    "__MACOSX", "lost+found", ".thumbnails"};

/// How a reason is put: for programs, for a person about one, and about one or several with their number.
struct Words {
  std::string_view code;
  std::string_view message;
  std::string_view one;
  std::string_view several;
  bool named;  ///< with the first names
};

/// In the order of WhyLeftOut.
constexpr std::array<Words, 8> kWords = {
    {{"format", "is a format that is not read", "file is left out, as its format is not read",
      "files are left out, as their formats are not read", false},
     {"hidden", "is hidden: its name begins with a dot", "hidden file is left out",
      "hidden files are left out", false},
     {"hidden", "is hidden: its name begins with a dot", "hidden folder is left out",
      "hidden folders are left out", true},
     {"system_folder", "is a folder of the system, not of pictures", "folder of the system is left out",
      "folders of the system are left out", true},
     {"link", "is a link to a folder, which is not followed", "link to a folder is not followed",
      "links to folders are not followed", true},
     {"subfolder", "is a subfolder, and only files of the folder itself are taken", "", "", false},
     {"no_file", "is a pipe, a socket or a device", "pipe, socket or device is left out",
      "pipes, sockets or devices are left out", true},
     {"paired_raw", "is a camera's raw data of a picture that lies beside it",
      "raw file is left out, as its picture lies beside it",
      "raw files are left out, as their pictures lie beside them", false}}};

const Words& words_of(WhyLeftOut why) {
  return kWords.at(static_cast<std::size_t>(why));
}

/// "8 HEIC, 4 MP4"
std::string kinds_text(const std::map<std::string, std::size_t>& kinds) {
  std::vector<std::pair<std::string, std::size_t>> most(kinds.begin(), kinds.end());
  std::stable_sort(most.begin(), most.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (const auto& [name, number] : most)
    text.append(text.empty() ? "" : ", ").append(std::to_string(number)).append(" ").append(name);
  return text;
}

}  // namespace

std::string LeftOutName::code() const {
  return std::string(words_of(why).code);
}

std::string LeftOutName::message() const {
  return (kind.empty() ? "" : kind + " ") + std::string(words_of(why).message);
}

LeftOut::LeftOut(const Shard& shard, Take take) : shard_(shard), take_(std::move(take)) {}

void LeftOut::add(const LeftOutName& name) {
  if (shard_.takes(name.name)) add_of_archive(name);
}

void LeftOut::add_of_archive(const LeftOutName& name) {
  if (name.why == WhyLeftOut::format) ++kinds_[name.kind];
  groups_[name.why].add(name.name);
  if (take_) take_(name);
}

std::string LeftOut::text(const std::string& advice) const {
  std::string text;
  for (const auto& [why, names] : groups_) {
    if (why == WhyLeftOut::subfolder) continue;
    const Words& words = words_of(why);
    text += text.empty() ? "" : "\n";
    text += counted(names.count(), std::string(words.one), std::string(words.several));
    if (why == WhyLeftOut::format) text += ": " + kinds_text(kinds_) + (kinds_.contains("SVG") ? advice : "");
    if (words.named) text += ": " + names.few();
  }
  return text;
}

bool is_system_folder(const std::string& name) {
  return std::find(kSystemFolders.begin(), kSystemFolders.end(), name) != kSystemFolders.end();
}

}  // namespace caption
