#pragma once

#include <string>
#include <vector>

#include "cli/help.h"

namespace caption::cli {

/// "caption-models-import"
std::string man_page_name(const HelpPage& page);

/// The page as roff's macros for man pages; `all`: whose pages it refers to.
std::string man_page(const HelpPage& page, const std::vector<HelpPage>& all);

}  // namespace caption::cli
