#pragma once

#include <nlohmann/json.hpp>
#include <optional>

namespace caption::cli {

/// null for no value.
inline nlohmann::ordered_json or_null(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

/// null for a rate that is not known, which is 0.
inline nlohmann::ordered_json known(double rate) {
  return rate > 0 ? nlohmann::ordered_json(rate) : nlohmann::ordered_json();
}

}  // namespace caption::cli
