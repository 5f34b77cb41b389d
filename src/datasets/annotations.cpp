#include "datasets/annotations.h"

#include <cstddef>

#include "caption/error.h"
#include "datasets/folder_annotations.h"
#include "datasets/json_annotations.h"
#include "datasets/table_annotations.h"
#include "datasets/tar_annotations.h"
#include "datasets/text_file.h"
#include "inputs/tar_sample.h"

namespace caption {

std::vector<AnnotatedImage> read_annotations(const std::filesystem::path& file, CaptionFields fields) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return read_folder_annotations(file);
  if (is_tar_name(file.string())) return read_tar_annotations(file);
  const std::string text = read_text_file(file);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos)
    throw Error(ErrorKind::usage, "cannot read '" + file.string() + "': it is empty", file);
  const bool json = text[first] == '{' || text[first] == '[';
  return json ? read_json_annotations(text, file, fields) : read_table_annotations(text, file, fields);
}

}  // namespace caption
