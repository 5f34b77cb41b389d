#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "caption/error.h"

namespace caption {

/// A JSON object in a file of others, of which we ask for a few fields: those that are left out or null have
/// the value that the program means whose file it is. Errors are Error(model) and name file and field.
class ForeignJson {
 public:
  ForeignJson(std::filesystem::path file, nlohmann::ordered_json json)
      : file_(std::move(file)), json_(std::move(json)) {}

  [[noreturn]] void refuse(const std::string& field, const std::string& expected) const {
    throw Error(ErrorKind::model,
                file_.string() + ": " + field + ": expected " + expected + ", which is all that is supported",
                file_);
  }

  /// The object at `key`, or an empty one.
  ForeignJson object(const char* key) const {
    const auto found = json_.find(key);
    return {file_, found != json_.end() && found->is_object() ? *found : nlohmann::ordered_json::object()};
  }

  template <typename T>
  T value(const char* key, const T& standard) const {
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return standard;
    try {
      return found->get<T>();
    } catch (const nlohmann::ordered_json::exception&) {
      refuse(key, "another kind of value");
    }
  }

  std::optional<std::array<double, 3>> three(const char* key) const {
    if (!has(key) || json_[key].is_null()) return std::nullopt;
    return value<std::array<double, 3>>(key, {});
  }

  /// A side in pixels: a number, [a, a], or an object with the first of `keys` that it has.
  std::optional<std::int64_t> side(const char* key, std::initializer_list<const char*> keys) const {
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return std::nullopt;
    if (found->is_number_integer()) return found->get<std::int64_t>();
    for (const char* name : keys) {
      const auto inner = found->is_object() ? found->find(name) : found->end();
      if (inner != found->end() && inner->is_number_integer()) return inner->get<std::int64_t>();
    }
    refuse(key, "a number of pixels");
  }

  bool has(const char* key) const { return json_.contains(key); }
  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
  nlohmann::ordered_json json_;
};

/// Nothing if there is no such file, or no object in it. Throws Error(model) if it is no JSON.
std::optional<ForeignJson> read_foreign_json(const std::filesystem::path& file);

}  // namespace caption
