#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <libheif/heif.h>

#include "codecs/quiet.h"
#include "image/codecs.h"

namespace caption {
namespace {

using Context = std::unique_ptr<heif_context, decltype(&heif_context_free)>;
using Handle = std::unique_ptr<heif_image_handle, decltype(&heif_image_handle_release)>;
using Image = std::unique_ptr<heif_image, decltype(&heif_image_release)>;
using Options = std::unique_ptr<heif_decoding_options, decltype(&heif_decoding_options_free)>;

void require(const heif_error& error) {
  if (error.code == heif_error_Ok) return;
  const std::string message = error.message != nullptr ? error.message : "unknown error";
  if (error.subcode == heif_suberror_End_of_data) fail_truncated("HEIC", "inside the picture");
  if (error.code == heif_error_Unsupported_feature || error.code == heif_error_Unsupported_filetype ||
      error.code == heif_error_Plugin_loading_error) {
    fail_unsupported("the file is a HEIC that this libheif cannot read (" + message + ")");
  }
  fail_damaged("HEIC", "it cannot be decoded (libheif: " + message + ")");
}

StoredPicture copy_of(const heif_image* image, int channels) {
  int stride = 0;
  const std::uint8_t* const plane = heif_image_get_plane_readonly(image, heif_channel_interleaved, &stride);
  const int width = heif_image_get_width(image, heif_channel_interleaved);
  const int height = heif_image_get_height(image, heif_channel_interleaved);
  if (plane == nullptr || width < 1 || height < 1) fail_damaged("HEIC", "it holds no picture");
  StoredPicture picture = blank_picture(width, height, channels);
  const std::size_t row = static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
  for (int y = 0; y < height; ++y) {
    std::copy_n(plane + static_cast<std::ptrdiff_t>(stride) * y, row,
                picture.samples.begin() + static_cast<std::ptrdiff_t>(row) * y);
  }
  return picture;
}

/// The primary picture, or, of several, the one of that number.
Handle picture_of(heif_context* context, int frame) {
  heif_image_handle* found = nullptr;
  if (frame == 0) {
    require(heif_context_get_primary_image_handle(context, &found));
  } else {
    const int count = heif_context_get_number_of_top_level_images(context);
    if (frame >= count) fail_no_frame("HEIC", frame, count);
    std::vector<heif_item_id> all(static_cast<std::size_t>(count));
    heif_context_get_list_of_top_level_image_IDs(context, all.data(), count);
    require(heif_context_get_image_handle(context, all[static_cast<std::size_t>(frame)], &found));
  }
  return {found, &heif_image_handle_release};
}

}  // namespace

StoredPicture decode_heif(Container& container) {
  const Quiet quiet;
  const Context context(heif_context_alloc(), &heif_context_free);
  if (!context) throw std::bad_alloc();
  heif_context_set_max_decoding_threads(context.get(), 0);  // our caller has the threads
  require(heif_context_read_from_memory_without_copy(context.get(), container.stream.data(),
                                                     container.stream.size(), nullptr));
  const Handle handle = picture_of(context.get(), container.frame);
  container.width = heif_image_handle_get_width(handle.get());
  container.height = heif_image_handle_get_height(handle.get());
  require_size("HEIC", container.width, container.height, container.max_megapixels);
  const bool alpha = heif_image_handle_has_alpha_channel(handle.get()) != 0;
  if (alpha) {
    container.alpha =
        heif_image_handle_is_premultiplied_alpha(handle.get()) != 0 ? Alpha::premultiplied : Alpha::straight;
  }
  if (const std::size_t size = heif_image_handle_get_raw_color_profile_size(handle.get()); size != 0) {
    container.profile.resize(size);
    require(heif_image_handle_get_raw_color_profile(handle.get(), container.profile.data()));
  }
  const Options options(heif_decoding_options_alloc(), &heif_decoding_options_free);
  options->convert_hdr_to_8bit = 1;
  heif_image* decoded = nullptr;
  require(heif_decode_image(handle.get(), &decoded, heif_colorspace_RGB,
                            alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB,
                            options.get()));
  const Image image(decoded, &heif_image_release);
  return copy_of(image.get(), alpha ? 4 : 3);
}

}  // namespace caption

caption::PictureDecoder caption_heif_decoder() {
  return &caption::decode_heif;
}
