#include <openjpeg.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "image/cmyk.h"
#include "image/codecs.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;
using Codec = std::unique_ptr<opj_codec_t, decltype(&opj_destroy_codec)>;
using Stream = std::unique_ptr<opj_stream_t, decltype(&opj_stream_destroy)>;
using Image = std::unique_ptr<opj_image_t, decltype(&opj_image_destroy)>;

/// A file in memory, as OpenJPEG reads it.
struct Source {
  Bytes bytes;
  std::size_t at = 0;
};

OPJ_SIZE_T read_some(void* to, OPJ_SIZE_T count, void* user) {
  Source& source = *static_cast<Source*>(user);
  const std::size_t size = std::min<std::size_t>(count, source.bytes.size() - source.at);
  if (size == 0) return static_cast<OPJ_SIZE_T>(-1);
  std::copy_n(source.bytes.data() + source.at, size, static_cast<std::uint8_t*>(to));
  source.at += size;
  return size;
}

OPJ_BOOL seek_to(OPJ_OFF_T at, void* user) {
  Source& source = *static_cast<Source*>(user);
  if (at < 0 || static_cast<std::uint64_t>(at) > source.bytes.size()) return OPJ_FALSE;
  source.at = static_cast<std::size_t>(at);
  return OPJ_TRUE;
}

OPJ_OFF_T skip_some(OPJ_OFF_T count, void* user) {
  const OPJ_OFF_T at = static_cast<OPJ_OFF_T>(static_cast<Source*>(user)->at) + count;
  return seek_to(at, user) == OPJ_TRUE ? count : -1;
}

Stream open_stream(Source& source) {
  Stream stream(opj_stream_default_create(OPJ_TRUE), &opj_stream_destroy);
  if (!stream) throw std::bad_alloc();
  opj_stream_set_read_function(stream.get(), read_some);
  opj_stream_set_skip_function(stream.get(), skip_some);
  opj_stream_set_seek_function(stream.get(), seek_to);
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), source.bytes.size());
  return stream;
}

void note(const char* message, void* user) {
  auto& said = *static_cast<std::string*>(user);
  if (said.empty()) said = message;
  while (!said.empty() && said.back() == '\n') said.pop_back();
}
void ignore(const char*, void*) {}

/// One component's values as 8 bits, in the way of Pillow: more bits are rounded, and fewer shifted up.
class Component {
 public:
  /// `wide_grey`: more bits are cut, as those of a grey picture, which Pillow keeps with 16.
  Component(const opj_image_comp_t& component, bool wide_grey)
      : component_(component), shift_(static_cast<int>(component.prec) - 8) {
    if (component.sgnd != 0) offset_ = std::int64_t{1} << (component.prec - 1);
    if (shift_ > 0 && !wide_grey) offset_ += std::int64_t{1} << (shift_ - 1);
  }

  /// At a pixel of the picture, of which the component may have fewer.
  std::uint8_t at(std::uint32_t x, std::uint32_t y) const {
    const std::uint32_t column = std::min(x / component_.dx, component_.w - 1);
    const std::uint32_t row = std::min(y / component_.dy, component_.h - 1);
    const std::int64_t value = component_.data[std::size_t{row} * component_.w + column] + offset_;
    return static_cast<std::uint8_t>(
        std::clamp<std::int64_t>(shift_ > 0 ? value >> shift_ : value << -shift_, 0, 255));
  }

 private:
  const opj_image_comp_t& component_;
  int shift_;
  std::int64_t offset_ = 0;
};

void ycc_to_rgb(const std::array<std::uint8_t, 4>& ycc, std::uint8_t* rgb) {
  const double y = ycc[0];
  const double blue = ycc[1] - 128.0;
  const double red = ycc[2] - 128.0;
  const auto byte = [](double v) { return static_cast<std::uint8_t>(std::clamp(v + 0.5, 0.0, 255.0)); };
  rgb[0] = byte(y + 1.402 * red);
  rgb[1] = byte(y - 0.344136 * blue - 0.714136 * red);
  rgb[2] = byte(y + 1.772 * blue);
}

StoredPicture convert(const opj_image_t& image, Container& container) {
  const std::uint32_t count = image.numcomps;
  std::vector<Component> components;
  for (std::uint32_t c = 0; c < count; ++c) {
    const opj_image_comp_t& component = image.comps[c];
    if (component.data == nullptr || component.w == 0 || component.h == 0 || component.prec > 31)
      fail_damaged("JPEG 2000", "a component of it is missing");
    components.emplace_back(component, count == 1);
  }
  const bool cmyk = count == 4 && image.color_space == OPJ_CLRSPC_CMYK;
  const bool ycc =
      count >= 3 && (image.color_space == OPJ_CLRSPC_SYCC || image.color_space == OPJ_CLRSPC_EYCC);
  const bool alpha = (count == 2 || count == 4) && !cmyk;
  if (alpha) container.alpha = Alpha::straight;
  StoredPicture picture = blank_picture(container.width, container.height, alpha ? 4 : 3);
  std::uint8_t* out = picture.samples.data();
  for (std::uint32_t y = 0; y < static_cast<std::uint32_t>(picture.height); ++y) {
    for (std::uint32_t x = 0; x < static_cast<std::uint32_t>(picture.width); ++x, out += picture.channels) {
      std::array<std::uint8_t, 4> v{};
      for (std::size_t c = 0; c < count; ++c) v[c] = components[c].at(x, y);
      if (cmyk) {
        cmyk_to_rgb(v.data(), out);
      } else if (ycc) {
        ycc_to_rgb(v, out);
      } else if (count <= 2) {
        std::fill_n(out, 3, v[0]);
      } else {
        std::copy_n(v.begin(), 3, out);
      }
      if (alpha) out[3] = v[count - 1];
    }
  }
  return picture;
}

}  // namespace

StoredPicture decode_jpeg_2000(Container& container) {
  const bool boxes = has(container.stream, 4, "jP  "sv);  // or else a bare stream
  const Codec codec(opj_create_decompress(boxes ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K), &opj_destroy_codec);
  Source source{container.stream};
  const Stream stream = open_stream(source);
  if (!codec) throw std::bad_alloc();
  std::string said;
  opj_set_error_handler(codec.get(), note, &said);
  opj_set_warning_handler(codec.get(), ignore, nullptr);
  opj_set_info_handler(codec.get(), ignore, nullptr);
  const auto require = [&said](OPJ_BOOL done) {
    if (done != OPJ_TRUE) fail_damaged("JPEG 2000", "it cannot be decoded (OpenJPEG: " + said + ")");
  };
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  require(opj_setup_decoder(codec.get(), &parameters));
  opj_image_t* header = nullptr;
  const OPJ_BOOL read = opj_read_header(stream.get(), codec.get(), &header);
  const Image image(header, &opj_image_destroy);
  require(read);
  container.width = std::int64_t{image->x1} - image->x0;
  container.height = std::int64_t{image->y1} - image->y0;
  require_size("JPEG 2000", container.width, container.height, container.max_megapixels);
  if (image->numcomps < 1 || image->numcomps > 4) {
    fail_unsupported("the file is a JPEG 2000 of " + std::to_string(image->numcomps) + " components");
  }
  require(opj_decode(codec.get(), stream.get(), image.get()));
  require(opj_end_decompress(codec.get(), stream.get()));
  if (image->numcomps < 1 || image->numcomps > 4)  // a palette may have changed it
    fail_unsupported("the file is a JPEG 2000 of " + std::to_string(image->numcomps) + " components");
  append(container.profile, Bytes(image->icc_profile_buf, image->icc_profile_len));
  return convert(*image, container);
}

}  // namespace caption

caption::PictureDecoder caption_jpeg_2000_decoder() {
  return &caption::decode_jpeg_2000;
}
