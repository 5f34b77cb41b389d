#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <utility>

#include "image/container.h"

namespace caption {
namespace {

enum class Coding { text, bytes, bits, floats };

/// The header of a PBM, PGM, PPM, PAM or PFM.
struct Header {
  std::string format;
  Coding coding = Coding::bytes;
  int channels = 1;  ///< of the file: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha
  double most = 1;   ///< the value of white; of PFM its sign is the order of bytes
  bool bilevel = false;
};

bool is_blank(std::uint8_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Words of a header or of a picture in text, between which are blanks and comments.
class Words {
 public:
  Words(Bytes file, std::size_t at) : file_(file), at_(at) {}

  std::string next(const std::string& format) {
    constexpr std::size_t kLongest = 32;
    skip(format);
    std::string word;
    while (at_ < file_.size() && !is_blank(file_[at_]) && file_[at_] != '#') {
      if (word.size() == kLongest) fail_damaged(format, "a number in it has more than 32 characters");
      word.push_back(static_cast<char>(file_[at_++]));
    }
    return word;
  }

  std::uint32_t number(const std::string& format) {
    const std::string word = next(format);
    if (word.empty() || word.size() > 10 || word.find_first_not_of("0123456789") != std::string::npos)
      fail_damaged(format, "a number is expected in the place of '" + word + "'");
    return static_cast<std::uint32_t>(std::strtoul(word.c_str(), nullptr, 10));
  }

  /// One character of a bilevel picture in text, which need no blanks between them.
  bool bit(const std::string& format) {
    skip(format);
    const std::uint8_t c = file_[at_++];
    if (c != '0' && c != '1') fail_damaged(format, "its pixels are neither 0 nor 1");
    return c == '1';
  }

  /// What is behind the one blank that ends a header.
  Bytes rest() const { return file_.subspan(std::min(at_ + 1, file_.size())); }

 private:
  void skip(const std::string& format) {
    for (bool comment = false; at_ < file_.size(); ++at_) {
      const std::uint8_t c = file_[at_];
      if (comment) {
        comment = c != '\n' && c != '\r';
      } else if (c == '#') {
        comment = true;
      } else if (!is_blank(c)) {
        return;
      }
    }
    fail_truncated(format, "before all of its numbers");
  }

  Bytes file_;
  std::size_t at_;
};

Header kind_of(std::uint8_t digit) {
  switch (digit) {
    case '1':
      return {"PBM", Coding::text, 1, 1, true};
    case '2':
      return {"PGM", Coding::text, 1};
    case '3':
      return {"PPM", Coding::text, 3};
    case '4':
      return {"PBM", Coding::bits, 1, 1, true};
    case '5':
      return {"PGM", Coding::bytes, 1};
    case '6':
      return {"PPM", Coding::bytes, 3};
    case 'f':
      return {"PFM", Coding::floats, 1};
    case 'F':
      return {"PFM", Coding::floats, 3};
    default:
      return {"PAM", Coding::bytes, 0};
  }
}

/// The lines of a PAM's header, "WIDTH 37", up to ENDHDR.
void read_pam_header(Words& words, Header& header, Container& result) {
  for (std::string word = words.next("PAM"); word != "ENDHDR"; word = words.next("PAM")) {
    if (word == "WIDTH") {
      result.width = words.number("PAM");
    } else if (word == "HEIGHT") {
      result.height = words.number("PAM");
    } else if (word == "DEPTH") {
      header.channels = static_cast<int>(words.number("PAM"));
    } else if (word == "MAXVAL") {
      header.most = words.number("PAM");
    } else if (word == "TUPLTYPE") {
      words.next("PAM");
    } else {
      fail_damaged("PAM", "its header has an unknown line, '" + word + "'");
    }
  }
  if (header.channels < 1 || header.channels > 4)
    fail_unsupported("the file is a PAM of " + std::to_string(header.channels) + " channels");
}

void read_header(Words& words, Header& header, Container& result) {
  if (header.channels == 0) return read_pam_header(words, header, result);
  result.width = words.number(header.format);
  result.height = words.number(header.format);
  if (header.coding == Coding::floats) {
    header.most = std::strtod(words.next(header.format).c_str(), nullptr);
    if (header.most == 0 || !std::isfinite(header.most)) fail_damaged("PFM", "its scale is no number");
  } else if (!header.bilevel) {
    header.most = words.number(header.format);
  }
}

/// One sample -> 8 bits. Pillow's rounding: grey of more than 8 bits has 16 first, of which the lower 8 are
/// dropped.
std::uint8_t to_byte(std::uint32_t value, const Header& header) {
  const bool wide_grey = header.most > 255 && header.channels <= 2;
  const double top = wide_grey ? 65535 : 255;
  const auto scaled = static_cast<std::uint32_t>(std::nearbyint(std::min(value / header.most * top, top)));
  return static_cast<std::uint8_t>(wide_grey ? scaled >> 8U : scaled);
}

/// Rows from the bottom up, of 4-byte floats, whose white is 1.
void read_floats(StoredPicture& picture, Bytes rows, const Header& header) {
  const std::size_t row = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(header.channels);
  for (std::size_t i = 0; i < picture.samples.size(); ++i) {
    const std::size_t y = static_cast<std::size_t>(picture.height) - 1 - i / row;
    const std::size_t at = (y * row + i % row) * 4;
    const auto value = std::bit_cast<float>(header.most < 0 ? little32(rows, at) : big32(rows, at));
    const float light = value > 0 ? std::min(value, 1.0F) : 0.0F;  // no number is black
    picture.samples[i] = static_cast<std::uint8_t>(std::lround(light * 255));
  }
}

void read_text(StoredPicture& picture, Words& words, const Header& header) {
  for (std::uint8_t& sample : picture.samples) {
    if (header.bilevel) {
      sample = words.bit(header.format) ? 0 : 255;
      continue;
    }
    const std::uint32_t value = words.number(header.format);
    if (value > header.most) fail_damaged(header.format, "a value in it is greater than its white");
    sample = to_byte(value, header);
  }
}

void read_bytes(StoredPicture& picture, Bytes rows, const Header& header) {
  const bool wide = header.most > 255;
  for (std::size_t i = 0; i < picture.samples.size(); ++i)
    picture.samples[i] = to_byte(wide ? big16(rows, 2 * i) : rows[i], header);
}

void read_bits(StoredPicture& picture, Bytes rows) {
  const auto width = static_cast<std::size_t>(picture.width);
  const std::size_t pitch = (width + 7) / 8;
  for (std::size_t i = 0; i < picture.samples.size(); ++i) {
    const unsigned byte = rows[i / width * pitch + i % width / 8];
    picture.samples[i] = (byte >> (7 - i % width % 8) & 1U) != 0 ? 0 : 255;
  }
}

/// Grey and alpha, which Container knows only with three colours.
StoredPicture with_colours(const StoredPicture& grey) {
  StoredPicture picture = blank_picture(grey.width, grey.height, 4);
  for (std::size_t i = 0; i < picture.samples.size(); ++i)
    picture.samples[i] = grey.samples[i / 4 * 2 + (i % 4 == 3 ? 1 : 0)];
  return picture;
}

}  // namespace

Container read_netpbm(Bytes file, double max_megapixels) {
  Header header = kind_of(file[1]);
  Words words(file, 2);
  Container result;
  result.format = header.format;
  read_header(words, header, result);
  require_size(header.format, result.width, result.height, max_megapixels);
  if (header.coding != Coding::floats && (header.most < 1 || header.most > 65535))
    fail_damaged(header.format, "its white is not of 1 to 65535");

  const Bytes rows = words.rest();
  const auto width = static_cast<std::size_t>(result.width);
  const std::size_t samples = width * static_cast<std::size_t>(header.channels);
  const std::size_t row = header.coding == Coding::bits     ? (width + 7) / 8
                          : header.coding == Coding::floats ? samples * 4
                          : header.coding == Coding::text   ? 0
                          : header.most > 255               ? samples * 2
                                                            : samples;
  if (rows.size() < row * static_cast<std::size_t>(result.height))
    fail_truncated(header.format, "inside the picture");
  // As text, each sample takes a character at least: what a header alone promises is not allocated.
  if (header.coding == Coding::text && rows.size() + 1 < samples * static_cast<std::size_t>(result.height))
    fail_truncated(header.format, "inside the picture");
  StoredPicture picture = blank_picture(result.width, result.height, header.channels);
  switch (header.coding) {
    case Coding::text:
      read_text(picture, words, header);
      break;
    case Coding::bytes:
      read_bytes(picture, rows, header);
      break;
    case Coding::bits:
      read_bits(picture, rows);
      break;
    case Coding::floats:
      read_floats(picture, rows, header);
      break;
  }
  if (header.channels == 2) picture = with_colours(picture);
  if (picture.channels == 4) result.alpha = Alpha::straight;
  result.picture = std::move(picture);
  return result;
}

}  // namespace caption
