#include "weights/shards.h"

#include <charconv>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>

#include "caption/error.h"
#include "weights/byte_reader.h"

namespace caption {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kIndexEnd = ".index.json";
constexpr std::uintmax_t kLargestIndex = 100'000'000;
constexpr std::size_t kMostParts = 10'000;

[[noreturn]] void fail(const fs::path& file, const std::string& what) {
  throw Error(ErrorKind::model, file.string() + ": " + what, file);
}

/// Which tensors each file is said to hold.
std::map<std::string, std::set<std::string>> read_index(const fs::path& index) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(index, error);
  std::ifstream stream(index, std::ios::binary);
  if (error || !stream) fail(index, "cannot be read: " + error.message());
  if (size > kLargestIndex) fail(index, "is too large for the index of a sharded checkpoint");
  const json root = json::parse(stream, nullptr, /*allow_exceptions=*/false);
  const auto map = root.is_object() ? root.find("weight_map") : root.end();
  if (!root.is_object() || map == root.end() || !map->is_object() || map->empty())
    fail(index, "is no index of a sharded checkpoint: expected {\"weight_map\": {tensor: file}}");
  std::map<std::string, std::set<std::string>> files;
  for (const auto& [tensor, file] : map->items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    if (name.empty() || fs::path(name).has_parent_path() || name == "..")
      fail(index, "tensor '" + shown(tensor) + "': expected the name of a file beside the index");
    files[name].insert(tensor);
  }
  if (files.size() > kMostParts) fail(index, "more than " + std::to_string(kMostParts) + " files");
  return files;
}

/// The number in the five digits that `text` ends with, which are taken off; nothing if it does not.
std::optional<int> take_number(std::string& text) {
  constexpr std::size_t kDigits = 5;
  if (text.size() < kDigits) return std::nullopt;
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(end - kDigits, end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  text.resize(text.size() - kDigits);
  return number;
}

bool take_off(std::string& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.resize(text.size() - end.size());
  return true;
}

}  // namespace

bool is_index(const fs::path& path) {
  return path.filename().string().ends_with(kIndexEnd);
}

fs::path weights_in(const fs::path& folder) {
  for (const char* name : {"model.safetensors", "pytorch_model.bin"}) {
    for (const std::string& file : {std::string(name), std::string(name) + kIndexEnd}) {
      std::error_code ignored;
      if (fs::is_regular_file(folder / file, ignored)) return folder / file;
    }
  }
  fail(folder,
       "is a folder without model.safetensors, pytorch_model.bin or an index of their parts: give the "
       "weight file itself");
}

void refuse_part(const fs::path& path) {
  std::string name = path.stem().string();
  const std::optional<int> all = take_number(name);
  if (!all || *all < 2 || !take_off(name, "-of-")) return;
  const std::optional<int> part = take_number(name);
  if (!part || !take_off(name, "-")) return;
  fail(path, "is part " + std::to_string(*part) + " of " + std::to_string(*all) +
                 " of a sharded checkpoint: give their index, " + name + path.extension().string() +
                 kIndexEnd + ", or the folder");
}

WeightFile read_shards(const fs::path& index, const std::function<WeightFile(const fs::path&)>& read) {
  WeightFile result;
  result.path = index;
  for (const auto& [name, tensors] : read_index(index)) {
    WeightFile part = read(index.parent_path() / name);
    for (auto& [tensor, value] : part.tensors) {
      if (tensors.count(tensor) == 0)
        fail(part.path, "holds tensor '" + shown(tensor) + "', which " + index.filename().string() +
                            " does not have there");
      result.tensors.emplace(tensor, std::move(value));
    }
    for (const std::string& tensor : tensors) {
      if (result.tensors.count(tensor) == 0)
        fail(part.path, "tensor '" + shown(tensor) + "' is missing, which " + index.filename().string() +
                            " promises there");
    }
    result.format = part.format + ", in parts";
    result.mapped.insert(result.mapped.end(), part.mapped.begin(), part.mapped.end());
  }
  return result;
}

}  // namespace caption
