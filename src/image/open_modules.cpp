#include "image/open_modules.h"

#include "base/shared_library.h"
#include "image/codecs.h"
#include "image/container.h"

namespace caption {
namespace {

/// A module of codecs.h. It is left out of a build without its library, and cannot be opened without it.
PictureDecoder open_codec(const std::string& format, const std::string& name, const std::string& library) {
  std::string reason;
  if (const auto decoder =
          from_library<decltype(&caption_heif_decoder)>(library_path("libcaption_codecs_" + name + ".so"),
                                                        ("caption_" + name + "_decoder").c_str(), reason))
    return decoder;
  throw Error(ErrorKind::unsupported_format,
              "the format is " + format + ", whose decoder cannot be opened: " + reason + "; install " +
                  library + " and build and install caption again, or convert it");
}

PictureDecoder decoder_of(const Container& container) {
  switch (container.decoder) {
    case Decoder::heif: {
      static const PictureDecoder heif = open_codec(container.format, "heif", "libheif");
      return heif;
    }
    case Decoder::avif: {
      static const PictureDecoder avif = open_codec(container.format, "avif", "libavif");
      return avif;
    }
    case Decoder::jpeg_xl: {
      static const PictureDecoder jpeg_xl = open_codec(container.format, "jpeg_xl", "libjxl");
      return jpeg_xl;
    }
    case Decoder::jpeg_2000: {
      static const PictureDecoder jpeg_2000 = open_codec(container.format, "jpeg_2000", "OpenJPEG");
      return jpeg_2000;
    }
    case Decoder::libtiff: {
      static const PictureDecoder tiff = open_codec(container.format, "tiff", "libtiff");
      return tiff;
    }
    default:
      return opencv_library().decode;
  }
}

StoredPicture decode_others(Container& container) {
  return decoder_of(container)(container);
}

/// By the module of ICC profiles, which every installation has.
void convert_to_srgb(StoredPicture& picture, const Container& container) {
  static const auto& convert = from_module<decltype(&caption_icc_converter)>(
      "libcaption_codecs_icc.so", "caption_icc_converter", "colour profiles");
  convert(picture, container);
}

}  // namespace

const OpenCvLibrary& opencv_library() {
  static const OpenCvLibrary& library = from_module<decltype(&caption_opencv_library)>(
      "libcaption_opencv.so", "caption_opencv_library", "images");
  return library;
}

RgbImage decode(std::span<const std::byte> file_bytes, const ImageOptions& options) {
  return decode_image(file_bytes, options, decode_others, options.color_managed ? convert_to_srgb : nullptr);
}

}  // namespace caption
