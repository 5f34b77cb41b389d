#include <algorithm>
#include <array>
#include <exiv2/exiv2.hpp>
#include <exiv2/webpimage.hpp>
#include <string_view>

#include "caption/error.h"
#include "exiv2/multi_picture.h"
#include "exiv2/turn.h"
#include "metadata/library.h"

namespace caption {
namespace {

constexpr std::array<const char*, 2> kXmpKeys = {"Xmp.iptc.AltTextAccessibility", "Xmp.dc.description"};
constexpr const char* kIptcKey = "Iptc.Application2.Caption";
constexpr const char* kIptcCharset = "Iptc.Envelope.CharacterSet";
constexpr const char* kUtf8Mark = "\x1b%G";
constexpr const char* kDefaultLanguage = "x-default";

[[noreturn]] void translate(const Exiv2::Error& error) {
  switch (error.code()) {
    case Exiv2::kerFileOpenFailed:
    case Exiv2::kerDataSourceOpenFailed:
      throw Error(ErrorKind::unreadable, error.what());
    case Exiv2::kerFileContainsUnknownImageType:
    case Exiv2::kerMemoryContainsUnknownImageType:
    case Exiv2::kerWritingImageFormatUnsupported:
      throw Error(ErrorKind::unsupported_format, "its format has no place for metadata");
    default:
      throw Error(ErrorKind::corrupt, std::string("its metadata are damaged: ") + error.what());
  }
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(std::string_view(" \t\r\n\0", 5)) == std::string::npos;
}

bool is_described(const Exiv2::Image& image) {
  for (const char* key : kXmpKeys) {
    const auto found = image.xmpData().findKey(Exiv2::XmpKey(key));
    if (found == image.xmpData().end()) continue;
    const auto* languages = dynamic_cast<const Exiv2::LangAltValue*>(&found->value());
    if (languages == nullptr) return !is_blank(found->toString());
    for (const auto& [language, text] : languages->value_)
      if (!is_blank(text)) return true;
  }
  const auto found = image.iptcData().findKey(Exiv2::IptcKey(kIptcKey));
  return found != image.iptcData().end() && !is_blank(found->toString());
}

/// Other languages stay.
void set_xmp(Exiv2::XmpData& xmp, const char* name, const std::string& text) {
  const Exiv2::XmpKey key(name);
  const auto found = xmp.findKey(key);
  Exiv2::LangAltValue value;
  if (found != xmp.end()) {
    if (const auto* before = dynamic_cast<const Exiv2::LangAltValue*>(&found->value())) value = *before;
    xmp.erase(found);
  }
  value.value_[kDefaultLanguage] = text;
  xmp.add(key, &value);
}

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// IPTC's texts are in the character set of its envelope; without a mark, in one that nobody knows.
void set_iptc(Exiv2::IptcData& iptc, const std::string& text) {
  if (iptc.empty()) return;
  const auto mark = iptc.findKey(Exiv2::IptcKey(kIptcCharset));
  const bool is_utf8 = mark != iptc.end() && mark->toString() == kUtf8Mark;
  if (!is_ascii(text) && !is_utf8) {
    const bool others_are_ascii = std::all_of(
        iptc.begin(), iptc.end(), [](const Exiv2::Iptcdatum& datum) { return is_ascii(datum.toString()); });
    if (!others_are_ascii)
      throw Error(ErrorKind::unsupported_format, "its IPTC data are in another character set than UTF-8");
    iptc[kIptcCharset] = std::string(kUtf8Mark);
  }
  iptc[kIptcKey] = text;
}

/// Of the formats that Exiv2 writes, those whose files were seen to stay whole. It writes a TIFF file anew
/// and may lose pictures behind the first.
void refuse_what_would_suffer(const Exiv2::Image& image) {
  const std::array<int, 5> written = {Exiv2::ImageType::jpeg, Exiv2::ImageType::png, Exiv2::ImageType::webp,
                                      Exiv2::ImageType::tiff, Exiv2::ImageType::xmp};
  if (std::find(written.begin(), written.end(), image.imageType()) == written.end())
    throw Error(ErrorKind::unsupported_format, "its format has no place for metadata");
  if (image.imageType() != Exiv2::ImageType::tiff) return;
  for (const Exiv2::Exifdatum& datum : image.exifData()) {
    const std::string group = datum.groupName();
    if (group == "Thumbnail" || group.starts_with("Image2") || group.starts_with("Image3") ||
        group.starts_with("SubImage"))
      throw Error(ErrorKind::unsupported_format, "a TIFF file of several pictures");
  }
}

std::vector<std::byte> bytes_of(Exiv2::BasicIo& io) {
  io.open();
  io.seek(0, Exiv2::BasicIo::beg);
  std::vector<std::byte> bytes(static_cast<std::size_t>(io.size()));
  io.read(reinterpret_cast<Exiv2::byte*>(bytes.data()), static_cast<long>(bytes.size()));
  io.close();
  return bytes;
}

std::vector<std::byte> described(Exiv2::Image& image, const std::string& text) {
  for (const char* key : kXmpKeys) set_xmp(image.xmpData(), key, text);
  set_iptc(image.iptcData(), text);
  image.writeMetadata();
  return bytes_of(image.io());
}

}  // namespace

bool has_description(const std::filesystem::path& file) {
  const Turn turn;
  try {
    const auto image = Exiv2::ImageFactory::open(file.string(), /*useCurl=*/false);
    image->readMetadata();
    return is_described(*image);
  } catch (const Exiv2::Error& error) {
    translate(error);
  }
}

std::vector<std::byte> with_description(std::span<const std::byte> file, const std::string& text) {
  const Turn turn;
  try {
    if (file.empty()) {
      const auto image = Exiv2::ImageFactory::create(Exiv2::ImageType::xmp);
      return described(*image, text);
    }
    const auto image = Exiv2::ImageFactory::open(reinterpret_cast<const Exiv2::byte*>(file.data()),
                                                 static_cast<long>(file.size()));
    image->readMetadata();
    refuse_what_would_suffer(*image);
    std::vector<std::byte> bytes = described(*image, text);
    if (image->imageType() == Exiv2::ImageType::jpeg) keep_further_pictures(file, bytes);
    return bytes;
  } catch (const Exiv2::Error& error) {
    translate(error);
  }
}

}  // namespace caption

const caption::MetadataLibrary* caption_metadata_library() {
  static constexpr caption::MetadataLibrary kLibrary = {
      .has_description = &caption::has_description,
      .with_description = &caption::with_description,
  };
  return &kLibrary;
}
