#include "inputs/inputs.h"

#include <utility>

#include "caption/error.h"
#include "inputs/image_names.h"
#include "base/printable.h"

namespace caption::cli {
namespace {

bool is_folder(const std::string& name) {
  std::error_code ignored;
  return std::filesystem::is_directory(name, ignored);
}

}  // namespace

Inputs::Inputs(InputOptions options, FolderWalk::Warn warn)
    : options_(std::move(options)), warn_(std::move(warn)) {
  if (options_.files_from)
    list_ = std::make_unique<ListReader>(*options_.files_from, options_.null_separated);
}

std::optional<Input> Inputs::next(const std::atomic<bool>& stop) {
  while (!stop) {
    if (folder_) {
      if (std::optional<Input> input = next_in_folder()) return input;
      continue;
    }
    const bool argument = next_argument_ < options_.names.size();
    const std::optional<std::string> name = next_name(stop);
    if (!name) return std::nullopt;
    if (argument && *name == "-") return Input{"-", {}, true};
    if (!is_folder(*name)) return Input{*name, *name, false};
    folder_ = std::make_unique<FolderWalk>(*name, options_.recursive, warn_);
    folder_name_ = *name;
    folder_is_empty_ = true;
  }
  return std::nullopt;
}

std::optional<Input> Inputs::next_in_folder() {
  if (const std::optional<std::string> file = folder_->next()) {
    folder_is_empty_ = false;
    return Input{*file, *file, false};
  }
  if (folder_is_empty_) {
    warn_("no images in the folder '" + printable(folder_name_) + "' (looked for " + image_extensions_text() +
          ")" + (folder_->left_out_subfolders() ? "; add -r to look into its subfolders" : ""));
  }
  folder_.reset();
  return std::nullopt;
}

std::optional<std::string> Inputs::next_name(const std::atomic<bool>& stop) {
  if (next_argument_ < options_.names.size()) return options_.names[next_argument_++];
  return list_ ? list_->next(stop) : std::nullopt;
}

bool is_single_image(const InputOptions& options) {
  return options.names.size() == 1 && !options.files_from && !is_folder(options.names.front());
}

}  // namespace caption::cli
