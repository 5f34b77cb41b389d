#include "image/open_modules.h"

#include <cstdlib>
#include <new>
#include <string_view>

#include "base/shared_library.h"
#include "image/boxed_decode.h"
#include "image/codecs.h"
#include "image/container.h"
#include "image/format.h"

namespace caption {
namespace {

/// A module of codecs.h, opened. It is left out of a build without its library, and cannot be opened without
/// it.
class Codec {
 public:
  /// Of the format `format`, in libcaption_NAME.so.
  Codec(const std::string& format, const std::string& name, const char* entry, const std::string& library) {
    std::string reason;
    decoder_ = from_library<PictureDecoder (*)()>(library_path("libcaption_" + name + ".so"), entry, reason);
    if (decoder_ == nullptr) {
      failure_ = "the format is " + format + ", whose decoder cannot be opened: " + reason + "; install " +
                 library + " and build and install caption again, or convert it";
    }
  }

  bool is_there() const { return decoder_ != nullptr; }

  PictureDecoder decoder() const {
    if (decoder_ == nullptr) throw Error(ErrorKind::unsupported_format, failure_);
    return decoder_;
  }

 private:
  PictureDecoder decoder_ = nullptr;
  std::string failure_;
};

const Codec& heif() {
  static const Codec codec("HEIC", "codecs_heif", "caption_heif_decoder", "libheif");
  return codec;
}
const Codec& avif() {
  static const Codec codec("AVIF", "codecs_avif", "caption_avif_decoder", "libavif");
  return codec;
}
const Codec& jpeg_xl() {
  static const Codec codec("JPEG XL", "codecs_jpeg_xl", "caption_jpeg_xl_decoder", "libjxl");
  return codec;
}
const Codec& jpeg_2000() {
  static const Codec codec("JPEG 2000", "codecs_jpeg_2000", "caption_jpeg_2000_decoder", "OpenJPEG");
  return codec;
}
const Codec& tiff() {
  static const Codec codec("TIFF", "codecs_tiff", "caption_tiff_decoder", "libtiff");
  return codec;
}
const Codec& svg() {
  static const Codec codec("SVG", "codecs_svg", "caption_svg_decoder", "librsvg");
  return codec;
}
const Codec& raw() {
  static const Codec codec("a camera's raw data", "exiv2", "caption_raw_decoder", "Exiv2");
  return codec;
}

PictureDecoder decoder_of(const Container& container) {
  switch (container.decoder) {
    case Decoder::heif:
      return heif().decoder();
    case Decoder::avif:
      return avif().decoder();
    case Decoder::jpeg_xl:
      return jpeg_xl().decoder();
    case Decoder::jpeg_2000:
      return jpeg_2000().decoder();
    case Decoder::libtiff:
      return tiff().decoder();
    case Decoder::svg:
      return svg().decoder();
    case Decoder::raw:
      return raw().decoder();
    default:
      return opencv_library().decode;
  }
}

StoredPicture decode_others(Container& container) {
  return decoder_of(container)(container);
}

/// By the module of ICC profiles, which every installation has.
ColourConverter colour_converter() {
  static auto& convert = from_module<decltype(&caption_icc_converter)>(
      "libcaption_codecs_icc.so", "caption_icc_converter", "colour profiles");
  return &convert;
}

void convert_to_srgb(StoredPicture& picture, const Container& container) {
  colour_converter()(picture, container);
}

enum Module : DecoderSet {
  kOpenCv = 1,
  kHeif = 2,
  kAvif = 4,
  kJpegXl = 8,
  kJpeg2000 = 16,
  kTiff = 32,
  kProfiles = 64,
  kRaw = 128,
  kSvg = 256,
};

DecoderSet modules_of(Format format, const ImageOptions& options) {
  switch (format) {
    case Format::heic:
      return kHeif;
    case Format::avif:
      return kAvif;
    case Format::jpeg_xl:
      return kJpegXl;
    case Format::jpeg_2000:
      return kJpeg2000;
    case Format::tiff:  // some by one, some by another
      return kTiff | kOpenCv | kRaw;
    case Format::raw:
      return kRaw;
    case Format::svg:
      return options.svg ? kSvg : 0U;
    case Format::icns:  // which may hold a PNG or a JPEG 2000
      return kOpenCv | kJpeg2000;
    case Format::png:
    case Format::webp:
    case Format::bmp:
    case Format::icon:  // which may hold a PNG
      return kOpenCv;
    default:
      return 0;
  }
}

/// JPEG and PNG files, whose decoders are the best tried of all. What ICC profiles need is another library.
bool is_plain(std::span<const std::byte> file_bytes, const ImageOptions& options) {
  const Format format = format_of(as_file(file_bytes));
  return (format == Format::jpeg || format == Format::png) && !options.color_managed;
}

}  // namespace

const OpenCvLibrary& opencv_library() {
  static const OpenCvLibrary& library = from_module<decltype(&caption_opencv_library)>(
      "libcaption_opencv.so", "caption_opencv_library", "images");
  return library;
}

DecoderSet modules_for(std::span<const std::byte> file_bytes, const ImageOptions& options) {
  return modules_of(format_of(as_file(file_bytes)), options) | (options.color_managed ? kProfiles : 0U);
}

void open_modules(DecoderSet modules) {
  if ((modules & kOpenCv) != 0) opencv_library();
  if ((modules & kHeif) != 0) heif();
  if ((modules & kAvif) != 0) avif();
  if ((modules & kJpegXl) != 0) jpeg_xl();
  if ((modules & kJpeg2000) != 0) jpeg_2000();
  if ((modules & kTiff) != 0) tiff();
  if ((modules & kRaw) != 0) raw();
  if ((modules & kSvg) != 0) svg();
  if ((modules & kProfiles) != 0) colour_converter();
}

void warm_modules(DecoderSet modules) {
  if ((modules & kSvg) == 0 || !svg().is_there()) return;
  constexpr std::string_view kText = "<svg xmlns='http://www.w3.org/2000/svg'><text y='9'>a</text></svg>";
  ImageOptions options;
  options.svg = true;
  decode_here(std::as_bytes(std::span(kText)), options);
}

std::vector<std::filesystem::path> folders_read_by(DecoderSet modules) {
  if ((modules & kSvg) == 0) return {};
  std::vector<std::filesystem::path> folders = {"/usr/share/fonts", "/usr/local/share/fonts",
                                                "/usr/share/fontconfig", "/etc/fonts",
                                                "/var/cache/fontconfig"};
  if (const char* const home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    for (const char* own : {".fonts", ".local/share/fonts", ".config/fontconfig", ".cache/fontconfig"})
      folders.push_back(std::filesystem::path(home) / own);
  }
  return folders;
}

RgbImage decode_here(std::span<const std::byte> file_bytes, const ImageOptions& options) {
  return decode_image(file_bytes, options, decode_others, options.color_managed ? convert_to_srgb : nullptr);
}

RgbImage decode(std::span<const std::byte> file_bytes, const ImageOptions& options) {
  try {
    if (options.sandbox == Sandbox::on) require_box();
    if (options.sandbox != Sandbox::off && !is_plain(file_bytes, options)) {
      if (std::optional<RgbImage> image = decode_boxed(file_bytes, options)) return *std::move(image);
    }
    return decode_here(file_bytes, options);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::too_large, "there is not enough memory to decode the image");
  }
}

}  // namespace caption
