#include "inputs/tar_sample.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace caption {

std::string sample_key(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
  return name.substr(0, name.find('.', begin));
}

bool is_tar_name(const std::string& name) {
  using std::string_view_literals::operator""sv;
  constexpr std::array kEnds = {".tar"sv,     ".tar.gz"sv, ".tgz"sv, ".tar.zst"sv,
                                ".tar.bz2"sv, ".tar.xz"sv, ".txz"sv, ".tar.lz4"sv};
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::any_of(kEnds.begin(), kEnds.end(), [&](std::string_view end) { return lower.ends_with(end); });
}

}  // namespace caption
