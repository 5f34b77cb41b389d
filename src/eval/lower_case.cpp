#include "eval/lower_case.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <vector>

namespace caption::eval {
namespace {

struct LowerCaseRun {
  char16_t first;
  char16_t last;
  int step;
  int difference;
};

#include "eval/lower_case.inc"

constexpr char16_t kCapitalIWithDot = 0x130;
constexpr char16_t kDotAbove = 0x307;

std::vector<char16_t> table() {
  std::vector<char16_t> lower(65536);
  for (std::size_t unit = 0; unit < lower.size(); ++unit) lower[unit] = static_cast<char16_t>(unit);
  for (const LowerCaseRun& run : kLowerCase) {
    for (int unit = run.first; unit <= run.last; unit += run.step)
      lower[static_cast<std::size_t>(unit)] = static_cast<char16_t>(unit + run.difference);
  }
  return lower;
}

}  // namespace

std::u16string lower_case(std::u16string_view text) {
  static const std::vector<char16_t> kLower = table();
  std::u16string lower;
  lower.reserve(text.size());
  for (const char16_t c : text) {
    if (c == kCapitalIWithDot) {  // the only one that becomes two
      lower += {u'i', kDotAbove};
    } else {
      lower += kLower[c];
    }
  }
  return lower;
}

}  // namespace caption::eval
