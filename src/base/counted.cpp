#include "base/counted.h"

#include <algorithm>

#include "base/printable.h"

namespace caption {
namespace {

constexpr std::size_t kFew = 3;

}  // namespace

std::string counted(std::size_t number, const std::string& one, const std::string& several) {
  return std::to_string(number) + " " + (number == 1 ? one : several);
}

std::string few_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kFew, names.size()); ++i)
    text += (i == 0 ? "" : ", ") + printable(names[i]);
  return text + (names.size() > kFew ? ", ..." : "");
}

void CountedNames::add(const std::string& name) {
  ++count_;
  if (first_.size() <= kFew) first_.push_back(name);
}

}  // namespace caption
