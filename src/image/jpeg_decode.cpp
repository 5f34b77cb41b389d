#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs it before itself
#include <string>

#include <jpeglib.h>

#include "image/stored_picture.h"

namespace caption {
namespace {

/// libjpeg leaves a function that fails by a jump.
struct Errors : jpeg_error_mgr {
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void fail(j_common_ptr decoder) {
  auto* const errors = static_cast<Errors*>(decoder->err);
  errors->format_message(decoder, errors->message);
  std::longjmp(errors->escape, 1);
}

/// Warnings are about pictures that can be shown all the same; what is missing has been found by read_jpeg.
void stay_silent(j_common_ptr) {}

/// -> whether it went well. Nothing here needs a destructor, which a jump would pass over.
bool decode(const Container& container, jpeg_decompress_struct& decoder, Errors& errors,
            StoredPicture& picture) {
  if (setjmp(errors.escape) != 0) return false;
  jpeg_mem_src(&decoder, container.stream.data(), static_cast<unsigned long>(container.stream.size()));
  jpeg_read_header(&decoder, TRUE);
  decoder.out_color_space = decoder.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&decoder);
  picture.width = static_cast<int>(decoder.output_width);
  picture.height = static_cast<int>(decoder.output_height);
  picture.channels = decoder.output_components;
  const std::size_t row =
      static_cast<std::size_t>(decoder.output_width) * static_cast<std::size_t>(decoder.output_components);
  picture.samples.resize(row * decoder.output_height);
  while (decoder.output_scanline < decoder.output_height) {
    JSAMPROW out = picture.samples.data() + row * decoder.output_scanline;
    jpeg_read_scanlines(&decoder, &out, 1);
  }
  jpeg_finish_decompress(&decoder);
  return true;
}

/// Gives back what libjpeg has allocated.
class Decoder {
 public:
  explicit Decoder(Errors& errors) {
    state_.err = jpeg_std_error(&errors);
    errors.error_exit = fail;
    errors.output_message = stay_silent;
    jpeg_create_decompress(&state_);
  }
  ~Decoder() { jpeg_destroy_decompress(&state_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  jpeg_decompress_struct& state() { return state_; }

 private:
  jpeg_decompress_struct state_{};
};

}  // namespace

StoredPicture decode_jpeg(const Container& container) {
  Errors errors{};
  Decoder decoder(errors);
  StoredPicture picture;
  if (!decode(container, decoder.state(), errors, picture))
    fail_damaged("JPEG", std::string("it cannot be decoded (libjpeg: ") + errors.message + ")");
  return picture;
}

}  // namespace caption
