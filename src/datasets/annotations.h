#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace caption {

/// A picture and what is said of it.
struct AnnotatedImage {
  std::string name;                ///< of its file, as far as the annotations tell it; else of its number
  std::optional<std::int64_t> id;  ///< its number, where it has one
  std::string split;               ///< "train", "val", "test"; empty where annotations have none
  std::vector<std::string> captions;
  bool failed = false;  ///< a record of `caption --json` that has an error in the place of a caption
  std::optional<std::filesystem::path> archive;  ///< a tar archive that holds it
};

/// What is taken of a record that has both "caption" and "captions".
enum class CaptionFields {
  best,  ///< "caption": what a captioner chose
  all,   ///< "captions"
};

/// Reads pictures' captions, in their order in the file, each picture once. The kind is told by the content:
///
/// - JSON: COCO's annotations (with "annotations", and "images" for the names) and results ([{"image_id",
///   "caption"}]), Karpathy's dataset_*.json ("images" with "sentences"), a list of records, or
///   {"NAME": ["CAPTION", ...]}
/// - JSON Lines: records, such as those of `caption --json`
/// - Flickr's token files: NAME#0<TAB>CAPTION
/// - a folder of pictures with a text file beside each (datasets/folder_annotations.h)
/// - a tar archive of such pairs, by its name (datasets/tar_annotations.h)
/// - CSV and TSV, with a line that names the columns, or NAME<TAB>CAPTION without one
///
/// A record names its picture by image_id, id, image, file_name, filename, file or path; its captions are in
/// "caption" or "captions", a text or a list of them. `file` may be "-". Throws Error(usage) that says what
/// is wrong in which line or record.
std::vector<AnnotatedImage> read_annotations(const std::filesystem::path& file, CaptionFields fields);

}  // namespace caption
