#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace caption {

/// "1 picture", "12 pictures"
std::string counted(std::size_t number, const std::string& one, const std::string& several);

/// The first few of `names`, printable: "a.jpg, b.jpg, c.jpg, ..."
std::string few_of(const std::vector<std::string>& names);

}  // namespace caption
