#pragma once

#include <cstddef>
#include <filesystem>

#include "records/writers.h"

namespace caption {

/// Where a picture's metadata are: in its own file, or in an XMP file beside it.
enum class MetadataPlace { picture, sidecar };

/// The file that holds them: `picture` itself, or PICTURE.xmp ("a.jpg.xmp").
std::filesystem::path metadata_file(const std::filesystem::path& picture, MetadataPlace place);

/// Writes each record's best caption as the description of its picture. The file is replaced at once, by one
/// with the same owner, permissions and extended attributes. A picture that failed, or whose caption is
/// empty, stays as it is; one whose metadata cannot be written is told, and the others go on.
class Descriptions : public RecordWriter {
 public:
  /// `keep_times`: the file's times of change and access stay.
  Descriptions(MetadataPlace place, bool keep_times) : place_(place), keep_times_(keep_times) {}

  void write(const Record& record) override;

  /// Pictures that have a caption and did not get it.
  std::size_t failed() const { return failed_; }

 private:
  MetadataPlace place_;
  bool keep_times_;
  std::size_t failed_ = 0;
};

}  // namespace caption
