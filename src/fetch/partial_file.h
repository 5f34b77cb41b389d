#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "fetch/following_digest.h"

namespace caption {

/// A file on its way into a folder: NAME.partial, and NAME.partial.json, which says what it is a part of, so
/// that another run can go on with it. Under its own name there is nothing until it is complete. All
/// functions throw Error(output); what has come stays then, unless `discard` was called.
class PartialFile {
 public:
  /// Where the bytes come from.
  struct Source {
    std::string address;
    std::string validator;  ///< what If-Range takes: an entity tag or a date; may be empty
    std::optional<std::uint64_t> total;
  };

  /// Makes its folder if need be, and goes on with what is there. Refuses if another process is at it.
  explicit PartialFile(std::filesystem::path target);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  /// Where it lies.
  std::filesystem::path folder() const { return target_.parent_path(); }
  std::uint64_t size() const { return size_; }
  /// Of the bytes that are there.
  const Source& source() const { return source_; }

  /// Forgets all bytes; those that come next are from `source`.
  void restart(const Source& source);
  void append(std::span<const std::byte> bytes);
  /// Of all bytes: 64 lower-case hexadecimal digits.
  std::string sha256();
  /// The last thing: waits until all of it is on the disk, and gives it its name.
  void keep();
  /// The last thing: nothing stays.
  void discard();

 private:
  [[noreturn]] void fail(int error) const;
  void read_source();

  std::filesystem::path target_;
  std::filesystem::path partial_;
  std::filesystem::path about_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  Source source_;
  std::unique_ptr<FollowingDigest> digest_;  ///< as soon as bytes come
};

}  // namespace caption
