#include "image/open_modules.h"

#include <array>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string>
#include <string_view>

#include "base/shared_library.h"
#include "image/boxed_decode.h"
#include "image/codecs.h"
#include "image/container.h"
#include "image/format.h"

namespace caption {
namespace {

/// A module of codecs.h: which pictures it decodes, and what it is made of.
struct CodecModule {
  Decoder decoder;
  const char* format;   ///< for messages
  const char* name;     ///< libcaption_NAME.so
  const char* entry;    ///< its function
  const char* library;  ///< that a system may lack
};

constexpr std::array<CodecModule, 7> kCodecs = {{
    {Decoder::heif, "HEIC", "codecs_heif", "caption_heif_decoder", "libheif"},
    {Decoder::avif, "AVIF", "codecs_avif", "caption_avif_decoder", "libavif"},
    {Decoder::jpeg_xl, "JPEG XL", "codecs_jpeg_xl", "caption_jpeg_xl_decoder", "libjxl"},
    {Decoder::jpeg_2000, "JPEG 2000", "codecs_jpeg_2000", "caption_jpeg_2000_decoder", "OpenJPEG"},
    {Decoder::libtiff, "TIFF", "codecs_tiff", "caption_tiff_decoder", "libtiff"},
    {Decoder::svg, "SVG", "codecs_svg", "caption_svg_decoder", "librsvg"},
    {Decoder::raw, "a camera's raw data", "exiv2", "caption_raw_decoder", "Exiv2"},
}};

/// One of them, opened. It is left out of a build without its library, and cannot be opened without it.
class Codec {
 public:
  const Codec& open(const CodecModule& module) {
    std::call_once(opened_, [&] {
      std::string reason;
      decoder_ = from_library<PictureDecoder (*)()>(
          library_path("libcaption_" + std::string(module.name) + ".so"), module.entry, reason);
      if (decoder_ == nullptr) {
        failure_ = "the format is " + std::string(module.format) +
                   ", whose decoder cannot be opened: " + reason + "; install " + module.library +
                   " and build and install caption again, or convert it";
      }
    });
    return *this;
  }

  bool is_there() const { return decoder_ != nullptr; }

  PictureDecoder decoder() const {
    if (decoder_ == nullptr) throw Error(ErrorKind::unsupported_format, failure_);
    return decoder_;
  }

 private:
  std::once_flag opened_;
  PictureDecoder decoder_ = nullptr;
  std::string failure_;
};

/// The one for such pictures, opened; none if OpenCV decodes them.
const Codec* codec_for(Decoder decoder) {
  static std::array<Codec, kCodecs.size()> codecs;
  for (std::size_t i = 0; i < kCodecs.size(); ++i) {
    if (kCodecs[i].decoder == decoder) return &codecs[i].open(kCodecs[i]);
  }
  return nullptr;
}

PictureDecoder decoder_of(const Container& container) {
  const Codec* const codec = codec_for(container.decoder);
  return codec == nullptr ? opencv_library().decode : codec->decoder();
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

template <typename... Decoders>
constexpr DecoderSet set_of(Decoders... decoders) {
  return ((1U << static_cast<unsigned>(decoders)) | ...);
}

constexpr DecoderSet kProfiles = 1U << 31U;

DecoderSet modules_of(Format format, const ImageOptions& options) {
  switch (format) {
    case Format::heic:
      return set_of(Decoder::heif);
    case Format::avif:
      return set_of(Decoder::avif);
    case Format::jpeg_xl:
      return set_of(Decoder::jpeg_xl);
    case Format::jpeg_2000:
      return set_of(Decoder::jpeg_2000);
    case Format::tiff:  // some by one, some by another
      return set_of(Decoder::libtiff, Decoder::opencv, Decoder::raw);
    case Format::raw:
      return set_of(Decoder::raw);
    case Format::svg:
      return options.svg ? set_of(Decoder::svg) : 0U;
    case Format::icns:  // which may hold a PNG or a JPEG 2000
      return set_of(Decoder::opencv, Decoder::jpeg_2000);
    case Format::png:
    case Format::webp:
    case Format::bmp:
    case Format::icon:  // which may hold a PNG
      return set_of(Decoder::opencv);
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
  if ((modules & set_of(Decoder::opencv)) != 0) opencv_library();
  for (const CodecModule& module : kCodecs) {
    if ((modules & set_of(module.decoder)) != 0) codec_for(module.decoder);
  }
  if ((modules & kProfiles) != 0) colour_converter();
}

void warm_modules(DecoderSet modules) {
  if ((modules & set_of(Decoder::svg)) == 0 || !codec_for(Decoder::svg)->is_there()) return;
  constexpr std::string_view kText = "<svg xmlns='http://www.w3.org/2000/svg'><text y='9'>a</text></svg>";
  ImageOptions options;
  options.svg = true;
  decode_here(std::as_bytes(std::span(kText)), options);
}

std::vector<std::filesystem::path> folders_read_by(DecoderSet modules) {
  if ((modules & set_of(Decoder::svg)) == 0) return {};
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
