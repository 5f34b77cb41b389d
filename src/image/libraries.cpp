#include <opencv2/core/version.hpp>

#include "image/image.h"

namespace caption {

std::string image_libraries() {
  return "opencv " CV_VERSION "\n";
}

}  // namespace caption
