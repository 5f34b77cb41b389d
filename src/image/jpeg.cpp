#include <algorithm>
#include <cstddef>

#include "image/container.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

enum Marker : int {
  kSof0 = 0xC0,
  kSof1 = 0xC1,
  kSof2 = 0xC2,
  kDht = 0xC4,
  kJpg = 0xC8,
  kSof9 = 0xC9,
  kSof10 = 0xCA,
  kDac = 0xCC,
  kSof15 = 0xCF,
  kRst0 = 0xD0,
  kRst7 = 0xD7,
  kSoi = 0xD8,
  kEoi = 0xD9,
  kSos = 0xDA,
  kDqt = 0xDB,
  kDri = 0xDD,
  kApp0 = 0xE0,
  kApp1 = 0xE1,
  kApp2 = 0xE2,
  kApp14 = 0xEE,
  kTem = 0x01
};

constexpr std::string_view kXmp = "http://ns.adobe.com/xap/1.0/\0"sv;

constexpr std::string_view kProfile = "ICC_PROFILE\0"sv;

// A progressive file has about ten scans. Thousands of empty ones are an attack on the decoder's time.
constexpr int kMaxScans = 500;

bool is_frame(int marker) {
  return marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kJpg && marker != kDac;
}
bool stands_alone(int marker) {
  return marker == kTem || (marker >= kRst0 && marker <= kRst7);
}

/// Walks the file's segments as libjpeg does and keeps those that the picture needs.
///
/// "Whole" means what it means to Pillow: a picture of one sequential scan needs the scan's data up to any
/// marker, one of several scans needs all of them up to EOI. What follows is ignored, and so are thumbnails,
/// which lie inside segments. A file that ends inside of its picture may lack nothing but EOI, as some
/// cameras leave it: the decoder will see whether blocks are missing.
class JpegReader {
 public:
  JpegReader(Bytes file, double max_megapixels) : file_(file), max_megapixels_(max_megapixels) {
    result_.format = "JPEG";
    result_.decoder = Decoder::libjpeg;
    result_.stream.reserve(file.size() + 2);
    append(result_.stream, file.first(2));
  }

  Container read() {
    std::size_t at = 2;
    for (bool done = false; !done;) {
      at = find_marker(at);
      if (ended_) break;
      const int marker = file_[at + 1];
      if (marker == kEoi) {
        if (scans_ == 0) fail_damaged("JPEG", "it holds no picture");
        break;
      }
      if (marker == kSoi) fail_damaged("JPEG", "a second picture begins inside the first");
      at += 2;
      if (stands_alone(marker)) continue;
      const Bytes segment = read_segment(at);
      if (ended_) break;
      at += segment.size();
      if (marker == kSos) {
        done = read_scan(segment, at);
      } else {
        read_header_segment(marker, segment);
      }
    }
    append(result_.stream, Bytes(kEnd));
    if (ended_) {
      // Of arithmetic coding a decoder cannot tell whether bits are missing.
      const bool all_scans = progressive_ || scanned_ >= components_;
      result_.whole = all_scans && !arithmetic_ ? Container::Whole::unknown : Container::Whole::no;
    }
    join_profile();
    return std::move(result_);
  }

 private:
  static constexpr std::uint8_t kEnd[2] = {0xFF, kEoi};

  /// The file ends here. Behind a first scan that may be a picture yet: then `ended_`.
  void end(const char* where) {
    if (scans_ == 0) fail_truncated("JPEG", where);
    ended_ = true;
  }

  /// Position of the FF that comes right before the next marker's code; the file's end if there is none.
  /// libjpeg skips stray bytes before it.
  std::size_t find_marker(std::size_t at) {
    for (; at + 1 < file_.size(); ++at) {
      if (file_[at] == 0xFF && file_[at + 1] != 0 && file_[at + 1] != 0xFF) return at;
    }
    end("before the picture");
    return file_.size();
  }

  /// The segment at `at`, its two bytes of length included; nothing if the file ends in it.
  Bytes read_segment(std::size_t at) {
    const std::size_t left = file_.size() - at;
    const std::size_t length = left < 2 ? 2 : big16(file_, at);
    if (length < 2) fail_damaged("JPEG", "a header has an impossible length");
    if (left < length) {
      end("inside a header");
      return {};
    }
    return file_.subspan(at, length);
  }

  void keep(int marker, Bytes segment) {
    result_.stream.push_back(0xFF);
    result_.stream.push_back(static_cast<std::uint8_t>(marker));
    append(result_.stream, segment);
  }

  void read_header_segment(int marker, Bytes segment) {
    if (is_frame(marker)) return read_frame(marker, segment);
    if (marker == kApp1 && !has_exif_ && has(segment, 2, "Exif\0\0"sv)) {
      has_exif_ = true;
      result_.orientation.read_exif(segment.subspan(8));
    }
    if (marker == kApp1 && has(segment, 2, kXmp))
      result_.orientation.read_xmp(segment.subspan(2 + kXmp.size()));
    if (marker == kApp2 && has(segment, 2, kProfile) && segment.size() >= kProfile.size() + 4)
      profile_parts_.push_back(segment.subspan(2 + kProfile.size()));
    // APP0 (JFIF) and APP14 (Adobe) tell the colour space.
    if (marker == kDqt || marker == kDht || marker == kDac || marker == kDri || marker == kApp0 ||
        marker == kApp14) {
      keep(marker, segment);
    }
  }

  void read_frame(int marker, Bytes segment) {
    if (segment.size() < 8) fail_damaged("JPEG", "the frame header is too short");
    if (components_ != 0) fail_damaged("JPEG", "it has two frame headers");
    if (marker != kSof0 && marker != kSof1 && marker != kSof2 && marker != kSof9 && marker != kSof10) {
      fail_unsupported("the file is a lossless or hierarchical JPEG");
    }
    if (segment[2] != 8) {
      fail_unsupported("the file is a JPEG of " + std::to_string(segment[2]) + " bits per sample");
    }
    result_.height = big16(segment, 3);
    result_.width = big16(segment, 5);
    components_ = segment[7];
    if (components_ != 1 && components_ != 3 && components_ != 4) {
      fail_unsupported("the file is a JPEG of " + std::to_string(components_) + " colour components");
    }
    progressive_ = marker == kSof2 || marker == kSof10;
    arithmetic_ = marker == kSof9 || marker == kSof10;
    require_size("JPEG", result_.width, result_.height, max_megapixels_);
    keep(marker, segment);
  }

  /// Keeps a scan whose header is `segment` and whose data begin at `at`; moves `at` to the marker behind
  /// them. Returns whether the picture needs no further scan.
  bool read_scan(Bytes segment, std::size_t& at) {
    if (components_ == 0) fail_damaged("JPEG", "a scan comes before the frame header");
    if (++scans_ > kMaxScans) fail_damaged("JPEG", "it has more than 500 scans");
    const std::size_t in_scan = segment.size() > 2 ? segment[2] : 0;
    if (segment.size() != 6 + 2 * in_scan) fail_damaged("JPEG", "a scan header has the wrong length");
    scanned_ += static_cast<int>(in_scan);
    keep(kSos, segment);
    if (!progressive_) {
      // Some cameras write nonsense here, of which libjpeg would complain on stderr.
      const std::uint8_t whole_band[3] = {0, 63, 0};
      std::copy_n(whole_band, 3, result_.stream.end() - 3);
    }
    std::size_t end = at;
    do {
      end = find_marker(end);
      if (ended_ || !stands_alone(file_[end + 1]) || file_[end + 1] == kTem) break;
      end += 2;
    } while (true);
    append(result_.stream, file_.subspan(at, end - at));
    at = end;
    return !progressive_ && static_cast<int>(in_scan) == components_;
  }

  /// An ICC profile comes in parts, which are numbered from 1 on in their first byte.
  void join_profile() {
    std::stable_sort(profile_parts_.begin(), profile_parts_.end(),
                     [](Bytes a, Bytes b) { return a.front() < b.front(); });
    for (const Bytes part : profile_parts_) append(result_.profile, part.subspan(2));
  }

  Bytes file_;
  double max_megapixels_;
  Container result_;
  int components_ = 0;  ///< 1 grey, 3 colours, 4 CMYK
  int scans_ = 0;
  int scanned_ = 0;  ///< components of the scans so far
  bool ended_ = false;
  bool progressive_ = false;
  bool arithmetic_ = false;
  std::vector<Bytes> profile_parts_;  ///< from their numbers on
  bool has_exif_ = false;
};

}  // namespace

Container read_jpeg(Bytes file, double max_megapixels) {
  return JpegReader(file, max_megapixels).read();
}

}  // namespace caption
