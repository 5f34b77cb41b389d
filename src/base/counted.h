#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace caption {

/// "1 picture", "12 pictures"
std::string counted(std::size_t number, const std::string& one, const std::string& several);

/// The first few of `names`, printable: "a.jpg, b.jpg, c.jpg, ..."
std::string few_of(const std::vector<std::string>& names);

/// Names that are counted, of which only the first few are kept.
class CountedNames {
 public:
  void add(const std::string& name);
  std::size_t count() const { return count_; }
  /// `few_of` all of them.
  std::string few() const { return few_of(first_); }

 private:
  std::size_t count_ = 0;
  std::vector<std::string> first_;
};

}  // namespace caption
