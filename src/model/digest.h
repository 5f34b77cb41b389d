#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "model/manifest.h"

namespace caption {

/// Sha-256 of bytes that come in pieces. Throws Error(internal) if OpenSSL has none.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::span<const std::byte> bytes);
  /// 64 lower-case hexadecimal digits. Once, at the end.
  std::string text();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Size and sha256 of FOLDER/name, as a manifest lists them. Throws Error(model) if it cannot be read.
Manifest::File describe_file(const std::filesystem::path& folder, const std::string& name);

/// Compares every file of the bundle with its listed size (always) and sha256 (if `hashes`).
/// Throws Error(model) that names the file that is missing or differs.
void verify_files(const std::filesystem::path& folder, const Manifest& manifest, bool hashes);

}  // namespace caption
