#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "image/image.h"

namespace caption {

/// As decode_here, in a process that serves this thread and is replaced when it comes to an end: that is an
/// Error(corrupt) of this picture, as is a lack of the memory or time that the box has. Nothing if there can
/// be no box here, which is said once, unless the options insist on one: then it is an Error(usage).
std::optional<RgbImage> decode_boxed(std::span<const std::byte> file_bytes, const ImageOptions& options);

/// Throws Error(usage) if there can be no box here.
void require_box();

/// What a box is like here.
struct BoxReport {
  std::string reason;        ///< why there can be none; empty if there is one
  bool reads_fonts = false;  ///< drawings can read fonts in it, as the kernel keeps them from other files
};

/// Tries one.
BoxReport examine_box();

}  // namespace caption
