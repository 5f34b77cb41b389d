#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs it before itself
#include <string>
#include <utility>
#include <vector>

#include <jpeglib.h>

#include <jerror.h>

#include "image/cmyk.h"
#include "image/jpeg_decode.h"

namespace caption {
namespace {

/// libjpeg leaves a function that fails by a jump.
struct Errors : jpeg_error_mgr {
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
  bool missed = false;  ///< the data ended before a scan's last block
};

[[noreturn]] void fail(j_common_ptr decoder) {
  auto* const errors = static_cast<Errors*>(decoder->err);
  errors->format_message(decoder, errors->message);
  std::longjmp(errors->escape, 1);
}

/// Warnings are about pictures that can be shown all the same.
void stay_silent(j_common_ptr decoder, int level) {
  auto* const errors = static_cast<Errors*>(decoder->err);
  errors->missed = errors->missed || (level < 0 && errors->msg_code == JWRN_HIT_MARKER);
}

/// Whether scans have told all bits of every coefficient of a progressive picture.
bool has_all_bits(const jpeg_decompress_struct& decoder) {
  for (int component = 0; component < decoder.num_components; ++component) {
    for (const int missing : decoder.coef_bits[component]) {
      if (missing != 0) return false;
    }
  }
  return true;
}

/// Rows that libjpeg is asked for at once.
constexpr std::size_t kRows = 8;

/// -> whether it went well. Nothing here needs a destructor, which a jump would pass over. `rows` is for what
/// has just been decoded: it stays in the cache, and the picture's memory, which does not, is written once.
bool decode(const Container& container, jpeg_decompress_struct& decoder, Errors& errors,
            std::vector<std::uint8_t>& rows, StoredPicture& picture) {
  if (setjmp(errors.escape) != 0) return false;
  jpeg_mem_src(&decoder, container.stream.data(), static_cast<unsigned long>(container.stream.size()));
  jpeg_read_header(&decoder, TRUE);
  decoder.out_color_space = decoder.num_components == 1   ? JCS_GRAYSCALE
                            : decoder.num_components == 3 ? JCS_RGB
                                                          : JCS_CMYK;
  jpeg_start_decompress(&decoder);
  picture.width = static_cast<int>(decoder.output_width);
  picture.height = static_cast<int>(decoder.output_height);
  picture.channels = decoder.output_components;
  const std::size_t row =
      static_cast<std::size_t>(decoder.output_width) * static_cast<std::size_t>(decoder.output_components);
  picture.samples.reserve(row * decoder.output_height);
  rows.resize(row * kRows);
  JSAMPROW out[kRows];
  for (std::size_t i = 0; i < kRows; ++i) out[i] = rows.data() + i * row;
  while (decoder.output_scanline < decoder.output_height) {
    const JDIMENSION count = jpeg_read_scanlines(&decoder, out, kRows);
    picture.samples.insert(picture.samples.end(), out[0], out[0] + count * row);
  }
  // A file with its end marker is taken as it is, as Pillow does.
  picture.truncated = container.whole == Container::Whole::no ||
                      (container.whole == Container::Whole::unknown &&
                       (errors.missed || (decoder.progressive_mode != 0 && !has_all_bits(decoder))));
  jpeg_finish_decompress(&decoder);
  return true;
}

/// Gives back what libjpeg has allocated.
class LibJpeg {
 public:
  explicit LibJpeg(Errors& errors) {
    state_.err = jpeg_std_error(&errors);
    errors.error_exit = fail;
    errors.emit_message = stay_silent;
    jpeg_create_decompress(&state_);
  }
  ~LibJpeg() { jpeg_destroy_decompress(&state_); }
  LibJpeg(const LibJpeg&) = delete;
  LibJpeg& operator=(const LibJpeg&) = delete;

  jpeg_decompress_struct& state() { return state_; }

 private:
  jpeg_decompress_struct state_{};
};

/// Four channels as Photoshop writes them, and all after it: what is left of the paper, not the ink.
StoredPicture without_ink(StoredPicture picture) {
  StoredPicture rgb = blank_picture(picture.width, picture.height, 3);
  rgb.truncated = picture.truncated;
  std::uint8_t* out = rgb.samples.data();
  for (std::size_t at = 0; at < picture.samples.size(); at += 4, out += 3) {
    std::uint8_t ink[4];
    for (std::size_t c = 0; c < 4; ++c) ink[c] = static_cast<std::uint8_t>(255 - picture.samples[at + c]);
    cmyk_to_rgb(ink, out);
  }
  return rgb;
}

}  // namespace

StoredPicture decode_jpeg(const Container& container) {
  Errors errors{};
  LibJpeg decoder(errors);
  std::vector<std::uint8_t> rows;
  StoredPicture picture;
  if (!decode(container, decoder.state(), errors, rows, picture))
    fail_damaged("JPEG", std::string("it cannot be decoded (libjpeg: ") + errors.message + ")");
  if (picture.channels == 4) return without_ink(std::move(picture));
  return picture;
}

}  // namespace caption
