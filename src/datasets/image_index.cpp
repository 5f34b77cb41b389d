#include "datasets/image_index.h"

#include <algorithm>
#include <charconv>

#include "caption/error.h"

namespace caption {
namespace {

/// The path, then what is left without its first folders, one by one.
std::vector<std::string_view> ends_of(std::string_view path) {
  std::vector<std::string_view> ends = {path};
  for (std::size_t at = path.find('/'); at != std::string_view::npos; at = path.find('/', at + 1))
    ends.push_back(path.substr(at + 1));
  return ends;
}

/// Without its ending: one of at most four letters and digits.
std::string_view stem_of(std::string_view name) {
  constexpr std::size_t kLongest = 5;
  const std::size_t dot = name.rfind('.');
  const bool ending = dot != std::string_view::npos && dot > 0 && name[dot - 1] != '/' &&
                      name.size() - dot <= kLongest && name.find('/', dot) == std::string_view::npos;
  return ending ? name.substr(0, dot) : name;
}

/// The number that a name of COCO's ends in: twelve digits.
std::optional<std::int64_t> coco_number(std::string_view name) {
  constexpr std::size_t kDigits = 12;
  const std::string_view stem = stem_of(name.substr(name.rfind('/') + 1));
  const std::size_t digits = stem.find_last_not_of("0123456789") + 1;
  if (stem.size() - digits != kDigits) return std::nullopt;
  std::int64_t number = 0;
  std::from_chars(stem.data() + digits, stem.data() + stem.size(), number);
  return number;
}

}  // namespace

ImageIndex::ImageIndex(const std::vector<AnnotatedImage>& images) : images_(images) {
  for (std::size_t i = 0; i < images.size(); ++i) {
    for (const std::string_view end : ends_of(images[i].name)) {
      add(end, i);
      if (stem_of(end) != end) add(stem_of(end), i);
    }
    const std::optional<std::int64_t> number = images[i].id ? images[i].id : coco_number(images[i].name);
    if (number) by_id_.emplace(*number, i);
  }
}

void ImageIndex::add(std::string_view name, std::size_t image) {
  const auto added = by_name_.emplace(name, image);
  if (!added.second && added.first->second != image) added.first->second = kSeveral;
}

std::optional<std::size_t> ImageIndex::find_name(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::size_t> ImageIndex::find(const AnnotatedImage& image) const {
  if (image.id) {
    if (const auto found = by_id_.find(*image.id); found != by_id_.end()) return found->second;
  }
  for (const auto shorten : {+[](std::string_view name) { return name; }, +stem_of}) {
    for (const std::string_view end : ends_of(image.name)) {
      const auto found = find_name(shorten(end));
      if (!found) continue;
      if (*found != kSeveral) return found;
      throw Error(ErrorKind::usage, "which picture is '" + image.name +
                                        "'? The references have several that are called '" +
                                        std::string(shorten(end)) + "': give names with their folders");
    }
  }
  if (const std::optional<std::int64_t> number = coco_number(image.name)) {
    if (const auto found = by_id_.find(*number); found != by_id_.end()) return found->second;
  }
  return std::nullopt;
}

}  // namespace caption
