#include "inputs/number_range.h"

#include <algorithm>
#include <cstddef>
#include <regex>

namespace caption {

std::vector<std::string> expand_range(const std::string& name) {
  static const std::regex range(R"(\{([0-9]{1,9})\.\.([0-9]{1,9})\})");
  std::smatch found;
  if (!std::regex_search(name, found, range)) return {name};
  const std::string first = found[1];
  const std::string last = found[2];
  const bool padded = first.front() == '0' || last.front() == '0';
  const std::size_t width = padded ? std::max(first.size(), last.size()) : 1;
  const long end = std::stol(last);
  const std::vector<std::string> rests = expand_range(found.suffix());
  std::vector<std::string> names;
  for (long number = std::stol(first);; number += number < end ? 1 : -1) {
    std::string digits = std::to_string(number);
    digits.insert(0, width - std::min(width, digits.size()), '0');
    for (const std::string& rest : rests)
      names.push_back(std::string(found.prefix()).append(digits).append(rest));
    if (number == end) return names;
  }
}

}  // namespace caption
