#include "cli/train/left_out.h"

#include <system_error>

#include "base/counted.h"
#include "files/small_file.h"
#include "records/json.h"

namespace caption::cli {

void LeftOutData::add_picture(const std::string& name, ErrorKind why, const std::string& message) {
  entries_.push_back({name, std::string(error_code(why)), message});
  pictures_.push_back(name);
  if (most_ && pictures_.size() > *most_)
    throw Error(ErrorKind::usage, counted(pictures_.size(), "picture is", "pictures are") +
                                      " missing or cannot be read, and --max-failures allows " +
                                      std::to_string(*most_) + ": " + few_of(pictures_));
}

void LeftOutData::add_empty_caption(const std::string& picture) {
  entries_.push_back({picture, "empty_caption", "one of its captions is empty; the others are learnt"});
}

void LeftOutData::add_without_captions(const std::string& picture) {
  entries_.push_back({picture, "no_caption", "it has no caption"});
}

void LeftOutData::write(const std::filesystem::path& file) const {
  if (entries_.empty()) {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    return;
  }
  std::string lines;
  for (const Entry& entry : entries_)
    lines += json_line({{"image", entry.image}, {"code", entry.code}, {"message", entry.message}});
  replace_small_file(file, lines);
}

}  // namespace caption::cli
