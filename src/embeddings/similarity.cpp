#include "embeddings/similarity.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "caption/error.h"

namespace caption {

double cosine(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) {
    throw Error(ErrorKind::internal, "the cosine of embeddings of " + std::to_string(a.size()) + " and " +
                                         std::to_string(b.size()) + " numbers");
  }
  double product = 0;
  double squares_a = 0;
  double squares_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto x = static_cast<double>(a[i]);
    const auto y = static_cast<double>(b[i]);
    product += x * y;
    squares_a += x * x;
    squares_b += y * y;
  }
  const double lengths = std::sqrt(squares_a) * std::sqrt(squares_b);
  return lengths == 0 ? 0 : product / lengths;
}

}  // namespace caption
