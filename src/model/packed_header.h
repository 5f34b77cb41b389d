#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/manifest.h"

namespace caption {

/// What a file of packed matrices says of itself. The file:
///
///     "caption-packed 1 LENGTH CHECK\n", filled up with spaces to 64 bytes: the header's length in bytes and
///         its FNV-1a hash, 16 hexadecimal digits
///     the header, JSON: this struct, field by field
///     zeros up to `payload`, a multiple of 2 MiB, so that the system can map what follows in huge pages
///     the matrices, each part at a multiple of 64 bytes
///
/// Nothing in it is trusted: the hash finds accidents, every offset is compared with the file's real size,
/// and the shapes come from the bundle's weight files.
struct PackedHeader {
  static constexpr int kFormat = 1;

  /// A weight file that matrices were made of. They are out of date if its size or its time of change is
  /// another, or if model.json gives it another sha256.
  struct Source {
    std::string name;
    std::uint64_t bytes = 0;
    std::int64_t modified = 0;  ///< nanoseconds since 1970
    std::string sha256;         ///< as model.json has it

    friend bool operator==(const Source&, const Source&) = default;
  };

  /// One packed matrix; see PackedWeights for its parts.
  struct Matrix {
    std::int64_t out = 0;
    std::int64_t in = 0;
    std::string type;               ///< "fp32", "bf16" or "int8"
    std::uint64_t words = 0;        ///< where its parts begin, in bytes from `payload` on
    std::uint64_t bias = 0;         ///< likewise
    std::uint64_t scales = 0;       ///< likewise; 0 unless `type` is int8
    std::uint64_t corrections = 0;  ///< likewise
  };

  std::string layout;     ///< kPackedLayout of the program that wrote it
  std::string precision;  ///< which --precision it is for: "fp32", "bf16" or "int8"
  std::vector<Source> sources;
  std::map<std::string, Matrix> matrices;  ///< by origin, see origin_of
  std::uint64_t payload = 0;               ///< where the matrices begin in the file
  std::uint64_t bytes = 0;                 ///< of all matrices: the rest of the file
  std::string sha256;                      ///< of those bytes
};

/// FNV-1a, 16 hexadecimal digits: against accidents, not against people.
std::string text_hash(std::string_view text);

/// The first bytes of a file with this header, up to `payload`, which is set to where that is.
std::string header_text(PackedHeader& header);

/// Reads and checks everything but the matrices. Throws Error(model) that says what is wrong with the file.
PackedHeader read_packed_header(const std::filesystem::path& file);

/// The bundle's weight files as they are now. Throws Error(model) if one cannot be examined.
std::vector<PackedHeader::Source> packed_sources(const std::filesystem::path& folder,
                                                 const Manifest& manifest);

}  // namespace caption
