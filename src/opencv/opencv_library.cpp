#include "image/opencv_library.h"

#include <opencv2/core/version.hpp>

#include "opencv/contact_sheet.h"
#include "opencv/heat_map.h"
#include "opencv/thumbnail.h"

const caption::OpenCvLibrary* caption_opencv_library() {
  static constexpr caption::OpenCvLibrary kLibrary = {
      .decode = &caption::decode_by_opencv,
      .encode_thumbnail = &caption::encode_thumbnail,
      .encode_square = &caption::encode_square,
      .encode_heat_map = &caption::encode_heat_map,
      .encode_contact_sheet = &caption::encode_contact_sheet,
      .version = [] { return std::string("opencv " CV_VERSION "\n"); },
  };
  return &kLibrary;
}
