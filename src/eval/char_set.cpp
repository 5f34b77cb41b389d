#include "eval/char_set.h"

#include <algorithm>
#include <cstddef>
#include <map>

namespace caption::eval {
namespace {

constexpr std::uint32_t kUnits = 65536;

}  // namespace

CharSet::CharSet(std::initializer_list<Range> ranges) {
  for (const Range& range : ranges) add(range.first, range.last);
}

void CharSet::add(char16_t first, char16_t last) {
  std::vector<Range> merged;
  Range added{first, last};
  for (const Range& range : ranges_) {
    const bool before = std::uint32_t{range.last} + 1 < added.first;
    const bool after = std::uint32_t{added.last} + 1 < range.first;
    if (before || after) {
      merged.push_back(range);
    } else {
      added = {std::min(added.first, range.first), std::max(added.last, range.last)};
    }
  }
  merged.insert(std::lower_bound(merged.begin(), merged.end(), added), added);
  ranges_ = std::move(merged);
}

void CharSet::add(const CharSet& other) {
  for (const Range& range : other.ranges_) add(range.first, range.last);
}

CharSet CharSet::others() const {
  CharSet result;
  std::uint32_t next = 0;
  for (const Range& range : ranges_) {
    if (range.first > next)
      result.ranges_.push_back({static_cast<char16_t>(next), static_cast<char16_t>(range.first - 1)});
    next = std::uint32_t{range.last} + 1;
  }
  if (next < kUnits)
    result.ranges_.push_back({static_cast<char16_t>(next), static_cast<char16_t>(kUnits - 1)});
  return result;
}

CharClasses::CharClasses(const std::vector<CharSet>& sets) : class_of_(kUnits) {
  std::vector<std::vector<std::size_t>> changes(kUnits + 1);  // sets that begin or end at a code unit
  for (std::size_t set = 0; set < sets.size(); ++set) {
    for (const CharSet::Range& range : sets[set].ranges()) {
      changes[range.first].push_back(set);
      changes[std::size_t{range.last} + 1].push_back(set);
    }
  }
  std::map<std::vector<bool>, std::uint16_t> classes;
  std::vector<bool> member(sets.size());
  std::uint16_t current = 0;
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    if (unit == 0 || !changes[unit].empty()) {
      for (const std::size_t set : changes[unit]) member[set] = !member[set];
      const auto found = classes.emplace(member, static_cast<std::uint16_t>(classes.size()));
      if (found.second) members_.push_back(member);
      current = found.first->second;
    }
    class_of_[unit] = current;
  }
}

}  // namespace caption::eval
