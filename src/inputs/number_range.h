#pragma once

#include <string>
#include <vector>

namespace caption {

/// The names that a shell or WebDataset makes of "shard-{000000..000099}.tar", in their order: numbers are as
/// wide as the first one with its zeros. A name without such a range is all there is.
std::vector<std::string> expand_range(const std::string& name);

}  // namespace caption
