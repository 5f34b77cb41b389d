#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace caption {

/// The JSON of `file`. Throws Error(model), which says that it is no `what` ("bundle") or no JSON.
nlohmann::ordered_json parse_json(const std::filesystem::path& file, const std::string& what);

/// One JSON object of a file, read field by field: every field that is asked for must be there and of its
/// kind, and `finish` rejects what was not asked for. All throw Error(model) that names file and field,
/// expected and found.
class JsonFields {
 public:
  /// `where`: the object's own name in the file, "image"; empty for the whole file. `object` must outlive it.
  JsonFields(const nlohmann::ordered_json& object, std::filesystem::path file, std::string where);

  std::string text(const std::string& key);
  std::string one_of(const std::string& key, std::initializer_list<std::string_view> choices);
  /// The name of a file in the same folder.
  std::string file_name(const std::string& key);
  std::int64_t positive(const std::string& key);
  std::int64_t not_negative(const std::string& key);
  bool boolean(const std::string& key);
  /// Three numbers above `low`.
  std::array<double, 3> three_numbers(const std::string& key, double low);
  /// 64 lower-case hexadecimal digits
  std::string sha256(const std::string& key);
  /// A log-probability, or null.
  std::optional<double> logprob_or_null(const std::string& key);
  bool is_null(const std::string& key) { return get(key).is_null(); }
  JsonFields object(const std::string& key);
  const nlohmann::ordered_json& array(const std::string& key);
  /// Integers from 0 on.
  std::vector<std::int64_t> numbers(const std::string& key);
  /// Texts, none of them empty.
  std::vector<std::string> texts(const std::string& key);

  /// After all fields: that there are no others.
  void finish() const;

  [[noreturn]] void fail(const std::string& field, const std::string& expected,
                         const nlohmann::ordered_json& found) const;
  std::string path(const std::string& key) const { return where_.empty() ? key : where_ + "." + key; }

 private:
  const nlohmann::ordered_json& get(const std::string& key);
  std::int64_t integer(const std::string& key);

  const nlohmann::ordered_json& object_;
  std::filesystem::path file_;
  std::string where_;
  std::set<std::string> asked_;
};

/// Whether `text` is a SHA-256 as these files write it: 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);

}  // namespace caption
