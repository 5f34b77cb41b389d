#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "datasets/annotations.h"

namespace caption {

/// Finds the same picture in other annotations, whatever these call it: by its number, by its path or as much
/// of its end as tells it from others, with or without the ending, or by the number in a name of COCO's
/// (COCO_val2014_000000000042.jpg is 42).
class ImageIndex {
 public:
  /// `images` must outlive it.
  explicit ImageIndex(const std::vector<AnnotatedImage>& images);

  /// Its place in `images`. Throws Error(usage) if several fit.
  std::optional<std::size_t> find(const AnnotatedImage& image) const;

 private:
  static constexpr std::size_t kSeveral = static_cast<std::size_t>(-1);

  void add(std::string_view name, std::size_t image);
  std::optional<std::size_t> find_name(std::string_view name) const;

  const std::vector<AnnotatedImage>& images_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unordered_map<std::int64_t, std::size_t> by_id_;
};

}  // namespace caption
