#include "embeddings/numpy.h"

#include "caption/error.h"

namespace caption {

std::string numpy_head(std::size_t rows, std::size_t width) {
  constexpr std::size_t kBefore = 10;  // magic, version, and the length of the rest
  std::string fields = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
                       std::to_string(width) + "), }";
  if (fields.size() >= kNumpyHead - kBefore)
    throw Error(ErrorKind::internal, "a file's beginning is longer than what was left for it");
  fields.resize(kNumpyHead - kBefore - 1, ' ');
  return "\x93NUMPY" + std::string("\x01\x00", 2) +
         std::string{static_cast<char>(kNumpyHead - kBefore), '\0'} + fields + "\n";
}

}  // namespace caption
