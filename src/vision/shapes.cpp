#include "vision/shapes.h"

#include <cmath>

#include "caption/error.h"

namespace caption {

std::int64_t grid_side(const Tensors& tensors, const std::string& name) {
  const Shape shape = tensors.shape(name, 2);
  const std::int64_t cells = shape[0] - 1;
  const std::int64_t side = cells > 0 ? std::llround(std::sqrt(static_cast<double>(cells))) : 0;
  if (side < 1 || side * side != cells) {
    tensors.fail(name, "expected n x n + 1 positions for a square image, found shape " + to_string(shape));
  }
  return side;
}

void require_pixels(const at::Tensor& pixels, std::int64_t resolution) {
  if (pixels.dim() == 4 && pixels.size(1) == 3 && pixels.size(2) == resolution &&
      pixels.size(3) == resolution && pixels.scalar_type() == at::kFloat) {
    return;
  }
  const std::string side = std::to_string(resolution);
  throw Error(ErrorKind::internal, "image encoder: expected fp32 pixels [B, 3, " + side + ", " + side +
                                       "], found " + to_string(pixels.sizes()) + " of " +
                                       c10::toString(pixels.scalar_type()));
}

}  // namespace caption
