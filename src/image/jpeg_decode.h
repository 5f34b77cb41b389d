#pragma once

#include "image/container.h"
#include "image/stored_picture.h"

namespace caption {

/// By libjpeg: its own library, as OpenCV's takes 50 ms to open. Throws Error(corrupt).
StoredPicture decode_jpeg(const Container& container);

}  // namespace caption
