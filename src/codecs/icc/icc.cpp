#include <lcms2.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "image/codecs.h"
#include "image/inflate.h"

namespace caption {
namespace {

using Profile = std::unique_ptr<void, decltype(&cmsCloseProfile)>;
using Transform = std::unique_ptr<void, decltype(&cmsDeleteTransform)>;

// Profiles of printers have 2 MB or so.
constexpr std::size_t kLargestProfile = std::size_t{64} << 20U;

[[noreturn]] void fail_profile(const Container& container) {
  fail_damaged(container.format, "its ICC profile makes no sense; without color-managed it is not needed");
}

std::vector<std::uint8_t> unpacked(const Container& container) {
  auto profile = inflate(container.profile, kLargestProfile);
  if (!profile) fail_profile(container);
  return *std::move(profile);
}

/// lcms2's number for the samples of a picture.
cmsUInt32Number layout(const StoredPicture& picture, const Container& container, bool grey) {
  const auto bytes = static_cast<cmsUInt32Number>(picture.sample_bytes);
  const bool alpha = picture.channels == 4 && container.alpha != Alpha::none;
  const auto extra = static_cast<cmsUInt32Number>(picture.channels == 4 ? 1 : 0);
  const cmsUInt32Number premultiplied = alpha && container.alpha == Alpha::premultiplied ? 1 : 0;
  return grey ? COLORSPACE_SH(PT_GRAY) | CHANNELS_SH(1) | BYTES_SH(bytes)
              : COLORSPACE_SH(PT_RGB) | CHANNELS_SH(3) | EXTRA_SH(extra) | BYTES_SH(bytes) |
                    PREMUL_SH(premultiplied);
}

/// Perceptual, as browsers and Pillow's ImageCms do unless they are told otherwise.
void convert(StoredPicture& picture, const Container& container, const std::vector<std::uint8_t>& bytes) {
  const Profile profile(cmsOpenProfileFromMem(bytes.data(), static_cast<cmsUInt32Number>(bytes.size())),
                        &cmsCloseProfile);
  if (!profile) fail_profile(container);
  const bool grey = picture.channels == 1;
  // A profile of other colours than the decoder gives (CMYK) has been spent with them.
  if (cmsGetColorSpace(profile.get()) != (grey ? cmsSigGrayData : cmsSigRgbData)) return;
  const Profile srgb(cmsCreate_sRGBProfile(), &cmsCloseProfile);
  if (!srgb) throw std::bad_alloc();
  StoredPicture result{picture.width, picture.height, grey ? 3 : picture.channels, picture.sample_bytes, {}};
  result.truncated = picture.truncated;
  result.samples.resize(picture.samples.size() * (grey ? 3 : 1));
  const Transform transform(
      cmsCreateTransform(profile.get(), layout(picture, container, grey), srgb.get(),
                         layout(result, container, false), INTENT_PERCEPTUAL,
                         cmsFLAGS_COPY_ALPHA | cmsFLAGS_NOCACHE),  // a cache would not be safe among threads
      &cmsDeleteTransform);
  if (!transform) fail_profile(container);
  const std::size_t row = picture.samples.size() / static_cast<std::size_t>(picture.height);
  const std::size_t result_row = result.samples.size() / static_cast<std::size_t>(picture.height);
  for (std::size_t y = 0; y < static_cast<std::size_t>(picture.height); ++y) {
    cmsDoTransform(transform.get(), picture.samples.data() + y * row, result.samples.data() + y * result_row,
                   static_cast<cmsUInt32Number>(picture.width));
  }
  picture = std::move(result);
}

}  // namespace

void to_srgb(StoredPicture& picture, const Container& container) {
  convert(picture, container, container.profile_is_packed ? unpacked(container) : container.profile);
}

}  // namespace caption

caption::ColourConverter caption_icc_converter() {
  return &caption::to_srgb;
}
