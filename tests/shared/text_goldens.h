#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

inline std::filesystem::path text_data(const std::string& name) {
  return std::filesystem::path(CAPTION_TEST_DATA) / "text" / name;
}

/// A file of tests/data/text that scripts/make_text_goldens.py wrote.
inline nlohmann::json read_goldens(const std::string& name) {
  std::ifstream file(text_data(name));
  if (!file) throw std::runtime_error("cannot read " + text_data(name).string());
  return nlohmann::json::parse(file);
}
