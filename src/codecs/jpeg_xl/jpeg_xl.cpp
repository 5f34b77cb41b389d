#include <jxl/decode.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "codecs/quiet.h"
#include "image/codecs.h"
#include "image/jpeg_decode.h"

namespace caption {
namespace {

using Reader = std::unique_ptr<JxlDecoder, decltype(&JxlDecoderDestroy)>;

void require(JxlDecoderStatus status) {
  if (status != JXL_DEC_SUCCESS) fail_damaged("JPEG XL", "it cannot be decoded");
}

/// Fills in what the header says; -> the samples of a pixel.
std::uint32_t read_header(const JxlDecoder* reader, Container& container) {
  JxlBasicInfo info;
  require(JxlDecoderGetBasicInfo(reader, &info));
  container.width = info.xsize;  // as it is shown: libjxl turns it
  container.height = info.ysize;
  require_size("JPEG XL", container.width, container.height, container.max_megapixels);
  if (info.alpha_bits == 0) return 3;
  container.alpha = info.alpha_premultiplied != JXL_FALSE ? Alpha::premultiplied : Alpha::straight;
  return 4;
}

/// That of the samples as they are decoded.
void read_profile(const JxlDecoder* reader, const JxlPixelFormat& format, Container& container) {
  std::size_t size = 0;
  if (JxlDecoderGetICCProfileSize(reader, &format, JXL_COLOR_PROFILE_TARGET_DATA, &size) != JXL_DEC_SUCCESS)
    return;
  container.profile.resize(size);
  require(JxlDecoderGetColorAsICCProfile(reader, &format, JXL_COLOR_PROFILE_TARGET_DATA,
                                         container.profile.data(), size));
}

}  // namespace

/// Room for the JPEG of which the file was made; twice as much where there is some already.
void make_room(JxlDecoder* reader, std::vector<std::uint8_t>& jpeg) {
  const std::size_t used = jpeg.empty() ? 0 : jpeg.size() - JxlDecoderReleaseJPEGBuffer(reader);
  constexpr std::size_t kStart = std::size_t{1} << 20U;
  jpeg.resize(std::max(kStart, 2 * jpeg.size()));
  require(JxlDecoderSetJPEGBuffer(reader, jpeg.data() + used, jpeg.size() - used));
}

/// The picture as that JPEG has it, to the last bit.
StoredPicture as_jpeg(JxlDecoder* reader, std::vector<std::uint8_t> jpeg, Container& container) {
  jpeg.resize(jpeg.size() - JxlDecoderReleaseJPEGBuffer(reader));
  container = read_jpeg(jpeg, container.max_megapixels);
  return decode_jpeg(container);
}

/// One frame, on its canvas.
StoredPicture decode_jpeg_xl(Container& container) {
  const Quiet quiet;
  const Reader reader(JxlDecoderCreate(nullptr), &JxlDecoderDestroy);
  if (!reader) throw std::bad_alloc();
  // A JPEG has one picture.
  const int as_jpeg_event = container.frame == 0 ? JXL_DEC_JPEG_RECONSTRUCTION : 0;
  require(JxlDecoderSubscribeEvents(
      reader.get(), JXL_DEC_BASIC_INFO | JXL_DEC_COLOR_ENCODING | as_jpeg_event | JXL_DEC_FULL_IMAGE));
  require(JxlDecoderSetInput(reader.get(), container.stream.data(), container.stream.size()));
  StoredPicture picture;
  std::vector<std::uint8_t> jpeg;
  int frame = 0;
  JxlPixelFormat format{3, JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
  while (true) {
    switch (JxlDecoderProcessInput(reader.get())) {
      case JXL_DEC_BASIC_INFO:
        format.num_channels = read_header(reader.get(), container);
        break;
      case JXL_DEC_COLOR_ENCODING:
        read_profile(reader.get(), format, container);
        break;
      case JXL_DEC_NEED_IMAGE_OUT_BUFFER:
        picture = blank_picture(container.width, container.height, static_cast<int>(format.num_channels));
        require(JxlDecoderSetImageOutBuffer(reader.get(), &format, picture.samples.data(),
                                            picture.samples.size()));
        break;
      case JXL_DEC_JPEG_RECONSTRUCTION:
      case JXL_DEC_JPEG_NEED_MORE_OUTPUT:
        make_room(reader.get(), jpeg);
        break;
      case JXL_DEC_FULL_IMAGE:
        if (frame++ < container.frame) break;
        return jpeg.empty() ? picture : as_jpeg(reader.get(), std::move(jpeg), container);
      case JXL_DEC_NEED_MORE_INPUT:
        fail_truncated("JPEG XL", "inside the picture");
      case JXL_DEC_SUCCESS:
        if (frame > 0) fail_no_frame("JPEG XL", container.frame, frame);
        fail_damaged("JPEG XL", "it holds no picture");
      default:
        fail_damaged("JPEG XL", "it cannot be decoded");
    }
  }
}

}  // namespace caption

caption::PictureDecoder caption_jpeg_xl_decoder() {
  return &caption::decode_jpeg_xl;
}
