#include "model/json_fields.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <utility>

#include "caption/error.h"

namespace caption {

using nlohmann::ordered_json;

ordered_json parse_json(const std::filesystem::path& file, const std::string& what) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error(ErrorKind::model, file.string() + ": cannot be read: not a " + what, file);
  std::stringstream text;
  text << stream.rdbuf();
  try {
    return ordered_json::parse(text.str());
  } catch (const ordered_json::exception& e) {
    throw Error(ErrorKind::model,
                file.string() + ": not valid JSON; copy the " + what + " again (" + e.what() + ")", file);
  }
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

JsonFields::JsonFields(const ordered_json& object, std::filesystem::path file, std::string where)
    : object_(object), file_(std::move(file)), where_(std::move(where)) {
  if (!object_.is_object()) fail(where_.empty() ? "the file" : where_, "an object", object_);
}

std::string JsonFields::text(const std::string& key) {
  const ordered_json& value = get(key);
  if (!value.is_string()) fail(path(key), "a string", value);
  return value.get<std::string>();
}

std::string JsonFields::one_of(const std::string& key, std::initializer_list<std::string_view> choices) {
  std::string value = text(key);
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  std::string expected;
  for (const std::string_view choice : choices)
    expected.append(expected.empty() ? "" : " or ").append(choice);
  fail(path(key), expected, value);
}

std::string JsonFields::file_name(const std::string& key) {
  std::string value = text(key);
  const std::filesystem::path name(value);
  if (value.empty() || name.has_parent_path() || value == "." || value == "..") {
    fail(path(key), "the name of a file in the bundle's folder", value);
  }
  return value;
}

std::int64_t JsonFields::positive(const std::string& key) {
  const std::int64_t value = integer(key);
  if (value < 1) fail(path(key), "a number above 0", value);
  return value;
}

std::int64_t JsonFields::not_negative(const std::string& key) {
  const std::int64_t value = integer(key);
  if (value < 0) fail(path(key), "0 or more", value);
  return value;
}

bool JsonFields::boolean(const std::string& key) {
  const ordered_json& value = get(key);
  if (!value.is_boolean()) fail(path(key), "true or false", value);
  return value.get<bool>();
}

std::array<double, 3> JsonFields::three_numbers(const std::string& key, double low) {
  const ordered_json& value = get(key);
  std::array<double, 3> numbers{};
  const bool three = value.is_array() && value.size() == numbers.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!three || !value[i].is_number() || !(value[i].get<double>() > low)) {
      fail(path(key), low == 0 ? "an array of three numbers above 0" : "an array of three numbers", value);
    }
    numbers[i] = value[i].get<double>();
  }
  return numbers;
}

std::string JsonFields::sha256(const std::string& key) {
  std::string value = text(key);
  if (!is_sha256(value)) fail(path(key), "64 lower-case hexadecimal digits", value);
  return value;
}

std::optional<double> JsonFields::logprob_or_null(const std::string& key) {
  const ordered_json& value = get(key);
  if (value.is_null()) return std::nullopt;
  if (!value.is_number() || value.get<double>() > 0) fail(path(key), "a number up to 0, or null", value);
  return value.get<double>();
}

JsonFields JsonFields::object(const std::string& key) {
  return {get(key), file_, path(key)};
}

const ordered_json& JsonFields::array(const std::string& key) {
  const ordered_json& value = get(key);
  if (!value.is_array()) fail(path(key), "an array", value);
  return value;
}

std::vector<std::int64_t> JsonFields::numbers(const std::string& key) {
  std::vector<std::int64_t> numbers;
  for (const ordered_json& value : array(key)) {
    if (!value.is_number_integer() || value < 0 || value > std::numeric_limits<std::int64_t>::max())
      fail(path(key), "whole numbers from 0 on", value);
    numbers.push_back(value.get<std::int64_t>());
  }
  return numbers;
}

std::vector<std::string> JsonFields::texts(const std::string& key) {
  std::vector<std::string> texts;
  for (const ordered_json& value : array(key)) {
    if (!value.is_string() || value.get_ref<const std::string&>().empty())
      fail(path(key), "texts that are not empty", value);
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

void JsonFields::finish() const {
  for (const auto& [key, value] : object_.items()) {
    if (asked_.count(key) == 0) {
      throw Error(ErrorKind::model, file_.string() + ": unknown field '" + path(key) + "'", file_);
    }
  }
}

void JsonFields::fail(const std::string& field, const std::string& expected,
                      const ordered_json& found) const {
  throw Error(ErrorKind::model,
              file_.string() + ": field '" + field + "': expected " + expected + ", found " +
                  found.dump(-1, ' ', false, ordered_json::error_handler_t::replace),
              file_);
}

const ordered_json& JsonFields::get(const std::string& key) {
  asked_.insert(key);
  const auto it = object_.find(key);
  if (it == object_.end()) {
    throw Error(ErrorKind::model, file_.string() + ": field '" + path(key) + "' is missing", file_);
  }
  return *it;
}

std::int64_t JsonFields::integer(const std::string& key) {
  const ordered_json& value = get(key);
  if (!value.is_number_integer() || value > std::numeric_limits<std::int64_t>::max()) {
    fail(path(key), "a whole number", value);
  }
  return value.get<std::int64_t>();
}

}  // namespace caption
