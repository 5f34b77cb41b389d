#pragma once

#include "caption/api.h"
#include "image/container.h"
#include "image/image.h"
#include "image/stored_picture.h"

// What libraries of their own decode and convert, each in a module that is opened when such a file comes. All
// throw Error(corrupt | too_large | unsupported_format).

namespace caption {

/// HEIC and HEIF, by libheif, turned and cropped as the file says.
StoredPicture decode_heif(Container& container);
/// AVIF, by libavif.
StoredPicture decode_avif(Container& container);
/// By libjxl, turned as the picture itself says: an EXIF block beside it does not count.
StoredPicture decode_jpeg_xl(Container& container);
/// By OpenJPEG.
StoredPicture decode_jpeg_2000(Container& container);
/// TIFF of grey, RGB, CMYK and palettes, in every layout, by libtiff.
StoredPicture decode_tiff(Container& container);
/// The largest preview in a camera's raw data, a JPEG that Exiv2 finds, turned as the camera was held. One
/// that is only a stamp is an Error(unsupported_format).
StoredPicture decode_raw(Container& container);

/// A drawing, by librsvg, at a size of which the shorter side is 512 pixels, unless it is a strip. What it
/// refers to beside itself is not there.
StoredPicture decode_svg(Container& container);

/// By lcms2: pictures with a profile of RGB, or of grey values, which become RGB. Of CMYK the colours that a
/// decoder has made of it stay. Throws Error(corrupt) if the profile makes no sense.
void to_srgb(StoredPicture& picture, const Container& container);

}  // namespace caption

// The modules' entry points.
extern "C" {
CAPTION_API caption::PictureDecoder caption_heif_decoder();
CAPTION_API caption::PictureDecoder caption_avif_decoder();
CAPTION_API caption::PictureDecoder caption_jpeg_xl_decoder();
CAPTION_API caption::PictureDecoder caption_jpeg_2000_decoder();
CAPTION_API caption::PictureDecoder caption_tiff_decoder();
CAPTION_API caption::PictureDecoder caption_raw_decoder();
CAPTION_API caption::PictureDecoder caption_svg_decoder();
CAPTION_API caption::ColourConverter caption_icc_converter();
}
