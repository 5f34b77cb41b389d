#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "caption/error.h"

namespace caption {

/// SHA-256 of bytes that come in pieces. Throws Error(internal) if OpenSSL has none.
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

/// The SHA-256 of a file's bytes, likewise. Throws Error(kind) if it cannot be read.
std::string file_sha256(const std::filesystem::path& file, ErrorKind kind);

}  // namespace caption
