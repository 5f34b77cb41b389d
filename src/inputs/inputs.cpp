#include "inputs/inputs.h"

#include <utility>

#include "base/printable.h"
#include "caption/error.h"
#include "inputs/image_names.h"
#include "inputs/number_range.h"
#include "inputs/raw_pairs.h"

namespace caption {
namespace {

bool is_folder(const std::string& name) {
  std::error_code ignored;
  return std::filesystem::is_directory(name, ignored);
}

}  // namespace

Inputs::Inputs(InputOptions options, FolderWalk::Warn warn, LeftOut::Take left_out)
    : options_(std::move(options)), warn_(std::move(warn)), left_out_(options_.shard, std::move(left_out)) {
  if (options_.files_from)
    list_ = std::make_unique<ListReader>(*options_.files_from, options_.null_separated, options_.advice);
  if (!options_.watch) return;
  watch_ = std::make_unique<FolderWatch>(options_.recursive, options_.patterns);
  for (const std::string& name : options_.names)
    if (is_folder(name)) watch_->add(name);
}

std::optional<Input> Inputs::next(const std::atomic<bool>& stop) {
  while (std::optional<Input> input = next_of_all(stop)) {
    any_ = true;
    if (tar_ || options_.shard.takes(input->name)) return input;
  }
  return std::nullopt;
}

std::optional<Input> Inputs::next_of_all(const std::atomic<bool>& stop) {
  while (!stop) {
    if (folder_) {
      if (std::optional<Input> input = next_in_folder()) return input;
      continue;
    }
    if (tar_) {
      if (std::optional<Input> input = next_in_tar(stop)) return input;
      continue;
    }
    const bool argument = next_argument_ < options_.names.size();
    const std::optional<std::string> name = next_name(stop);
    if (!name) return watch_ ? next_arrival(stop) : std::nullopt;
    if (open_tar(*name)) continue;
    if (argument && *name == "-") return Input{"-", {}, true, {}};
    if (!is_folder(*name)) return Input{*name, *name, false, std::filesystem::path(*name).filename()};
    folder_ = std::make_unique<FolderWalk>(*name, options_.recursive, options_.patterns, warn_, left_out_);
    folder_name_ = *name;
    folder_is_empty_ = true;
  }
  return std::nullopt;
}

std::optional<Input> Inputs::next_arrival(const std::atomic<bool>& stop) {
  while (const std::optional<FolderWatch::Arrival> arrival = watch_->next(stop)) {
    if (!is_paired_raw(arrival->file, arrival->below, options_.patterns))
      return Input{arrival->file.string(), arrival->file, false, arrival->below};
    left_out_.add({arrival->file.string(), WhyLeftOut::paired_raw});
  }
  return std::nullopt;
}

std::optional<Input> Inputs::next_in_folder() {
  while (std::optional<FolderWalk::File> file = folder_->next()) {
    if (watch_ && !watch_->take({file->name, file->below})) continue;
    folder_is_empty_ = false;
    return Input{file->name, file->name, false, std::move(file->below)};
  }
  if (folder_is_empty_ && !watch_) {
    warn_("no images in the folder '" + printable(folder_name_) + "' (looked for " + image_extensions_text() +
          ")" + (folder_->left_out_subfolders() ? options_.advice.recursive : ""));
  }
  folder_.reset();
  return std::nullopt;
}

bool Inputs::open_tar(const std::string& name) {
  if (!is_tar_name(name) && (!options_.tars || is_folder(name))) return false;
  std::error_code ignored;
  if (tars_.empty() && !std::filesystem::exists(name, ignored)) {
    const std::vector<std::string> names = expand_range(name);
    if (names.size() > 1) {
      tars_.assign(names.begin(), names.end());
      return true;
    }
  }
  if (!options_.shard.takes(name)) {
    any_ = true;
    return true;
  }
  tar_ = std::make_unique<TarWalk>(name, options_.patterns, options_.tar_contents, &left_out_);
  tar_name_ = name;
  tar_is_empty_ = true;
  return true;
}

std::optional<Input> Inputs::next_in_tar(const std::atomic<bool>& stop) {
  if (std::optional<Input> input = tar_->next(stop)) {
    tar_is_empty_ = false;
    return input;
  }
  if (stop) return std::nullopt;
  if (tar_is_empty_) warn_("no images in the archive '" + printable(tar_name_) + "'");
  tar_.reset();
  return std::nullopt;
}

std::optional<std::string> Inputs::next_name(const std::atomic<bool>& stop) {
  if (!tars_.empty()) {
    std::string name = std::move(tars_.front());
    tars_.pop_front();
    return name;
  }
  if (next_argument_ < options_.names.size()) return options_.names[next_argument_++];
  return list_ ? list_->next(stop) : std::nullopt;
}

std::size_t count_inputs(const InputOptions& options, const std::atomic<bool>& stop) {
  if (options.watch) return 0;
  try {
    // A list that is a pipe could be read only once.
    if (options.files_from && !std::filesystem::is_regular_file(*options.files_from)) return 0;
    InputOptions names = options;
    names.tar_contents = TarContents::names;
    Inputs inputs(names, [](const std::string&) {});
    std::size_t count = 0;
    while (inputs.next(stop)) ++count;
    return stop ? 0 : count;
  } catch (const std::exception&) {
    // The run itself reports what is wrong.
    return 0;
  }
}

bool is_single_image(const InputOptions& options) {
  if (options.names.size() != 1 || options.files_from || options.tars) return false;
  return !is_folder(options.names.front()) && !is_tar_name(options.names.front());
}

}  // namespace caption
