#pragma once

#include <cstddef>
#include <vector>

#include "inputs/input.h"
#include "measure/report.h"

namespace caption::cli {

/// An input's file. Throws Error that says, with the image's name, why it cannot be read.
BenchmarkImage read_image(const Input& input);

/// At most so many of the embedded model's example pictures, in the order of their names; if they are not
/// installed, a picture made here, with a line on stderr that says so. Throws as `read_image`.
std::vector<BenchmarkImage> example_images(std::size_t most);

}  // namespace caption::cli
