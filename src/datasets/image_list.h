#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "datasets/annotations.h"

namespace caption {

/// Gathers captions by picture.
class ImageList {
 public:
  /// The picture of this number or name, which is added if it is new; its name may be told later.
  AnnotatedImage& image(std::int64_t id);
  AnnotatedImage& image(const std::string& name);

  std::vector<AnnotatedImage> take() { return std::move(images_); }

 private:
  std::vector<AnnotatedImage> images_;
  std::unordered_map<std::int64_t, std::size_t> by_id_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

}  // namespace caption
