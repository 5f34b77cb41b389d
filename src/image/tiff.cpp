#include <algorithm>
#include <cstddef>

#include "image/container.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

enum Tag : std::uint32_t {
  kSubfileType = 254,
  kWidth = 256,
  kHeight = 257,
  kBitsPerSample = 258,
  kCompression = 259,
  kPhotometric = 262,
  kStripOffsets = 273,
  kOrientation = 274,
  kSamplesPerPixel = 277,
  kStripSizes = 279,
  kColourMap = 320,
  kTileOffsets = 324,
  kTileSizes = 325,
  kSubDirectories = 330,
  kExtraSamples = 338,
  kSampleFormat = 339,
  kXmp = 700,
  kProfile = 34675,
  kDngVersion = 50706
};
enum Photometric : std::uint32_t {
  kWhiteIsZero = 0,
  kBlackIsZero = 1,
  kRgb = 2,
  kPaletteColour = 3,
  kCmyk = 5,
  kColourFilter = 32803,
  kLinearRaw = 34892
};

constexpr std::uint32_t kMostSamples = 8;  // of a pixel

/// A directory of a TIFF file.
class Directory {
 public:
  /// The one to which the file's header points, or the one at `offset`.
  explicit Directory(Bytes file, std::uint32_t offset = 0) : file_(file), little_(has(file, 0, "II"sv)) {
    if (file.size() < 8) fail_truncated("TIFF", "inside the header");
    directory_ = offset != 0 ? offset : get32(4);
    if (directory_ > file.size() - 2) fail_truncated("TIFF", "before its directory");
    entries_ = get16(directory_);
    if ((file.size() - directory_ - 2) / 12 < entries_) fail_truncated("TIFF", "inside its directory");
  }

  /// Position of the tag's entry, 0 if there is none.
  std::size_t find(Tag tag) const {
    for (std::size_t i = 0; i < entries_; ++i) {
      const std::size_t entry = directory_ + 2 + i * 12;
      if (get16(entry) == tag) return entry;
    }
    return 0;
  }

  /// All values of a tag of bytes, shorts or longs; empty if it is absent.
  std::vector<std::uint32_t> values(Tag tag) const {
    const std::size_t entry = find(tag);
    if (entry == 0) return {};
    const std::uint32_t type = get16(entry + 2);
    const std::size_t size = type == 1 ? 1 : type == 3 ? 2 : type == 4 ? 4 : 0;
    if (size == 0) fail_damaged("TIFF", "tag " + std::to_string(tag) + " has a wrong type");
    const std::size_t count = get32(entry + 4);
    std::size_t at = entry + 8;
    if (count > 4 / size) {
      at = get32(at);
      if (at > file_.size() || (file_.size() - at) / size < count)
        fail_truncated("TIFF", "inside a tag's values");
    }
    std::vector<std::uint32_t> result(count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t value = at + i * size;
      result[i] = size == 1 ? file_[value] : size == 2 ? get16(value) : get32(value);
    }
    return result;
  }

  std::uint32_t value(Tag tag, std::uint32_t fallback) const {
    const std::vector<std::uint32_t> all = values(tag);
    return all.empty() ? fallback : all.front();
  }

  /// What a tag of bytes holds; nothing if it is absent or not there whole.
  Bytes bytes(Tag tag) const {
    const std::size_t entry = find(tag);
    if (entry == 0) return {};
    const std::size_t count = get32(entry + 4);
    const std::size_t at = count > 4 ? get32(entry + 8) : entry + 8;
    return at <= file_.size() && file_.size() - at >= count ? file_.subspan(at, count) : Bytes();
  }

  bool little() const { return little_; }
  std::size_t offset() const { return directory_; }

  /// Where the next one begins; 0 behind the last.
  std::uint32_t next() const {
    const std::size_t at = directory_ + 2 + entries_ * 12;
    return file_.size() - at < 4 ? 0 : get32(at);
  }

 private:
  std::uint32_t get16(std::size_t at) const { return little_ ? little16(file_, at) : big16(file_, at); }
  std::uint32_t get32(std::size_t at) const { return little_ ? little32(file_, at) : big32(file_, at); }

  Bytes file_;
  bool little_;
  std::size_t directory_ = 0;
  std::size_t entries_ = 0;
};

void require_whole(const Directory& directory, const Container& result, std::size_t file_size,
                   std::size_t bits_per_pixel) {
  const bool tiled = directory.find(kTileOffsets) != 0;
  const std::vector<std::uint32_t> offsets = directory.values(tiled ? kTileOffsets : kStripOffsets);
  std::vector<std::uint32_t> sizes = directory.values(tiled ? kTileSizes : kStripSizes);
  if (offsets.empty()) fail_damaged("TIFF", "it holds no picture");
  if (directory.value(kPhotometric, kBlackIsZero) == kPaletteColour &&
      directory.values(kColourMap).size() < std::size_t{3} << directory.value(kBitsPerSample, 1)) {
    fail_damaged("TIFF", "its palette is missing or too short");
  }
  const bool packed = directory.value(kCompression, 1) != 1;
  if (sizes.empty() && !packed && offsets.size() == 1 && offsets[0] <= file_size)  // it is all that follows
    sizes.push_back(static_cast<std::uint32_t>(file_size - offsets[0]));
  if (sizes.size() != offsets.size()) fail_damaged("TIFF", "the sizes of its strips are missing");
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    if (std::uint64_t{offsets[i]} + sizes[i] > file_size) fail_truncated("TIFF", "inside the picture");
    total += sizes[i];
  }
  const auto row = (static_cast<std::uint64_t>(result.width) * bits_per_pixel + 7) / 8;
  if (!packed && total < row * static_cast<std::uint64_t>(result.height)) {
    fail_truncated("TIFF", "inside the picture");
  }
}

/// Samples of grey, RGB, CMYK and palettes are read one by one. What else there is of 8 bits (YCbCr, JPEG's
/// among it, and Lab) OpenCV has libtiff convert.
Decoder decoder_of(const Directory& directory, std::uint32_t bits, std::uint32_t samples,
                   std::uint32_t photometric) {
  if (directory.value(kSampleFormat, 1) == 1) {
    const std::uint32_t colours = photometric == kCmyk ? 4 : photometric == kRgb ? 3 : 1;
    const bool plain = photometric <= kPaletteColour || photometric == kCmyk;
    const bool depth =
        bits == 1 || (bits % 2 == 0 && bits <= (photometric == kPaletteColour ? 8U : 16U) && bits > 0);
    if (plain && depth && samples >= colours && samples <= kMostSamples) return Decoder::libtiff;
    if (!plain && bits == 8 && (samples == 1 || samples == 3 || samples == 4)) return Decoder::opencv;
  }
  const std::uint32_t format = directory.value(kSampleFormat, 1);
  const std::string kind = format == 3 ? "floating-point " : format == 2 ? "signed " : "";
  fail_unsupported("the file is a TIFF of " + std::to_string(samples) + " " + kind + "samples of " +
                   std::to_string(bits) + " bits per pixel");
}

/// A camera's raw data in a TIFF, of which the first picture is only a small preview, or not one to be seen.
bool is_raw(Bytes file, const Directory& directory) {
  const bool preview = directory.find(kSubDirectories) != 0 && (directory.value(kSubfileType, 0) & 1U) != 0;
  const std::uint32_t photometric = directory.value(kPhotometric, kBlackIsZero);
  return has(file, 8, "CR\x02\0"sv) || directory.find(kDngVersion) != 0 || preview ||
         photometric == kColourFilter || photometric == kLinearRaw;
}

/// The first directory, or, where that is marked as a small copy, the first after it that is not.
Directory main_directory(Bytes file, const Directory& first) {
  constexpr int kMostDirectories = 100;
  Directory directory = first;
  for (int i = 0; i < kMostDirectories && (directory.value(kSubfileType, 0) & 1U) != 0; ++i) {
    if (directory.next() == 0) return first;
    directory = Directory(file, directory.next());
  }
  return directory;
}

/// The page `wanted`, from 0 on: all directories count.
Directory page(Bytes file, const Directory& first, int wanted) {
  Directory directory = first;
  for (int i = 0; i < wanted; ++i) {
    if (directory.next() == 0) fail_no_frame("TIFF", wanted, i + 1);
    directory = Directory(file, directory.next());
  }
  return directory;
}

}  // namespace

Container read_tiff(Bytes file, double max_megapixels, int frame) {
  const Directory first(file);
  if (is_raw(file, first)) {
    if (frame > 0) fail_no_frame("camera raw file", frame, 1);
    return for_library("camera raw file", Decoder::raw, file, max_megapixels);
  }
  const Directory directory = frame == 0 ? main_directory(file, first) : page(file, first, frame);
  Container result;
  result.format = "TIFF";
  result.width = directory.value(kWidth, 0);
  result.height = directory.value(kHeight, 0);
  require_size("TIFF", result.width, result.height, max_megapixels);
  const std::uint32_t bits = directory.value(kBitsPerSample, 1);
  const std::uint32_t samples = directory.value(kSamplesPerPixel, 1);
  const std::uint32_t photometric = directory.value(kPhotometric, kBlackIsZero);
  result.decoder = decoder_of(directory, bits, samples, photometric);
  require_whole(directory, result, file.size(), std::size_t{bits} * samples);

  if (const std::uint32_t extra = directory.value(kExtraSamples, 0); extra == 1 || extra == 2)
    result.alpha = extra == 1 ? Alpha::premultiplied : Alpha::straight;

  result.orientation.read_xmp(directory.bytes(kXmp));
  append(result.profile, directory.bytes(kProfile));
  result.stream.assign(file.begin(), file.end());
  for (std::size_t i = 0; i < 4; ++i) {  // the decoder takes the directory that the header points to
    const std::size_t shift = 8 * (directory.little() ? i : 3 - i);
    result.stream[4 + i] = static_cast<std::uint8_t>(directory.offset() >> shift);
  }
  if (const std::size_t entry = directory.find(kOrientation); entry != 0) {
    result.orientation.set_exif(directory.value(kOrientation, 1));
    // OpenCV would turn the picture too, so its copy says "upright": one short.
    const std::uint8_t little_one[10] = {3, 0, 1, 0, 0, 0, 1, 0, 0, 0};
    const std::uint8_t big_one[10] = {0, 3, 0, 0, 0, 1, 0, 1, 0, 0};
    std::copy_n(directory.little() ? little_one : big_one, 10,
                result.stream.begin() + static_cast<std::ptrdiff_t>(entry + 2));
  }
  return result;
}

}  // namespace caption
