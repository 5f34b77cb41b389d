#include <librsvg/rsvg.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <new>
#include <string>

#include "codecs/quiet.h"
#include "image/codecs.h"

namespace caption {
namespace {

// Twice what the largest published encoders take, so that lines stay fine when the picture is made smaller;
// and no strip of a drawing is longer than so many times that.
constexpr double kShorterSide = 512;
constexpr double kLongerSide = 8 * kShorterSide;

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
struct Destroy {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
};
using Handle = std::unique_ptr<RsvgHandle, Unref>;
using Stream = std::unique_ptr<GInputStream, Unref>;
using Surface = std::unique_ptr<cairo_surface_t, Destroy>;
using Cairo = std::unique_ptr<cairo_t, Destroy>;

[[noreturn]] void fail_drawing(GError* error) {
  const std::string why = error != nullptr ? error->message : "unknown error";
  if (error != nullptr) g_error_free(error);
  fail_damaged("SVG", "it cannot be drawn (librsvg: " + why + ")");
}

/// Without a place of its own a file has nothing beside it that it could refer to: librsvg opens nothing.
Handle read(Bytes file) {
  const Stream stream(
      g_memory_input_stream_new_from_data(file.data(), static_cast<gssize>(file.size()), nullptr));
  GError* error = nullptr;
  Handle handle(
      rsvg_handle_new_from_stream_sync(stream.get(), nullptr, RSVG_HANDLE_FLAGS_NONE, nullptr, &error));
  if (!handle) fail_drawing(error);
  return handle;
}

struct Size {
  double width = 0;
  double height = 0;
};

/// What the file says; its view box, if that is not in pixels; else a square.
Size natural_size(RsvgHandle* handle) {
  Size size;
  if (rsvg_handle_get_intrinsic_size_in_pixels(handle, &size.width, &size.height) == FALSE) {
    RsvgLength width;
    RsvgLength height;
    gboolean has_width = FALSE;
    gboolean has_height = FALSE;
    gboolean has_box = FALSE;
    RsvgRectangle box{};
    rsvg_handle_get_intrinsic_dimensions(handle, &has_width, &width, &has_height, &height, &has_box, &box);
    size = has_box != FALSE ? Size{box.width, box.height} : Size{kShorterSide, kShorterSide};
  }
  const bool possible = std::isfinite(size.width) && std::isfinite(size.height);
  if (!possible || size.width <= 0 || size.height <= 0) fail_damaged("SVG", "its size is nothing");
  return size;
}

Size drawn_size(Size natural) {
  const double scale = std::min(kShorterSide / std::min(natural.width, natural.height),
                                kLongerSide / std::max(natural.width, natural.height));
  return {std::max(1.0, std::round(natural.width * scale)),
          std::max(1.0, std::round(natural.height * scale))};
}

StoredPicture draw(RsvgHandle* handle, Size size) {
  const auto width = static_cast<int>(size.width);
  const auto height = static_cast<int>(size.height);
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height));
  if (cairo_surface_status(surface.get()) != CAIRO_STATUS_SUCCESS) throw std::bad_alloc();
  const Cairo cairo(cairo_create(surface.get()));
  const RsvgRectangle page{0, 0, size.width, size.height};
  GError* error = nullptr;
  if (rsvg_handle_render_document(handle, cairo.get(), &page, &error) == FALSE) fail_drawing(error);
  cairo_surface_flush(surface.get());
  StoredPicture picture = blank_picture(width, height, 4);
  std::uint8_t* out = picture.samples.data();
  for (int y = 0; y < height; ++y) {
    const unsigned char* const row =
        cairo_image_surface_get_data(surface.get()) +
        static_cast<std::ptrdiff_t>(y) * cairo_image_surface_get_stride(surface.get());
    for (int x = 0; x < width; ++x, out += 4) {
      const std::uint32_t pixel = reinterpret_cast<const std::uint32_t*>(row)[x];  // alpha, red, green, blue
      for (unsigned c = 0; c < 3; ++c) out[c] = static_cast<std::uint8_t>(pixel >> (16 - 8 * c));
      out[3] = static_cast<std::uint8_t>(pixel >> 24U);
    }
  }
  return picture;
}

}  // namespace

StoredPicture decode_svg(Container& container) {
  const Quiet quiet;
  const Handle handle = read(container.stream);
  const Size size = drawn_size(natural_size(handle.get()));
  container.width = static_cast<std::int64_t>(size.width);
  container.height = static_cast<std::int64_t>(size.height);
  require_size("SVG", container.width, container.height, container.max_megapixels);
  container.alpha = Alpha::premultiplied;
  return draw(handle.get(), size);
}

}  // namespace caption

caption::PictureDecoder caption_svg_decoder() {
  return &caption::decode_svg;
}
