#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace caption::eval {

/// A set of UTF-16 code units, as ranges that are ascending and apart.
class CharSet {
 public:
  struct Range {
    char16_t first;
    char16_t last;
    auto operator<=>(const Range&) const = default;
  };

  CharSet() = default;
  CharSet(std::initializer_list<Range> ranges);

  void add(char16_t first, char16_t last);
  void add(const CharSet& other);
  /// All code units that are not in it.
  CharSet others() const;

  const std::vector<Range>& ranges() const { return ranges_; }
  auto operator<=>(const CharSet&) const = default;

 private:
  std::vector<Range> ranges_;
};

/// Code units by what any of some sets says about them: those of one class are in the same sets.
class CharClasses {
 public:
  explicit CharClasses(const std::vector<CharSet>& sets);

  std::size_t count() const { return members_.size(); }
  std::size_t of(char16_t unit) const { return class_of_[unit]; }
  /// Whether the class lies in the set of this index.
  bool in(std::size_t char_class, std::size_t set) const { return members_[char_class][set]; }

 private:
  std::vector<std::uint16_t> class_of_;     ///< [65536]
  std::vector<std::vector<bool>> members_;  ///< [classes, sets]
};

}  // namespace caption::eval
