#include "text/gpt2_vocabulary.h"

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/utf8.h"
#include "caption/error.h"
#include "text/file.h"

namespace caption {
namespace {

constexpr std::int16_t kNoByte = -1;

/// Which byte the characters U+0000 .. U+0143 stand for.
std::array<std::int16_t, 324> make_alphabet() {
  std::array<std::int16_t, 324> bytes;
  bytes.fill(kNoByte);
  std::size_t next = 256;
  for (std::int16_t b = 0; b < 256; ++b) {
    const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    bytes[printable ? static_cast<std::size_t>(b) : next++] = b;
  }
  return bytes;
}

}  // namespace

bool append_gpt2_bytes(std::string_view written, std::string& bytes) {
  static const auto alphabet = make_alphabet();
  for (std::size_t at = 0; at < written.size();) {
    const CodePoint point = code_point_at(written, at);
    if (!point.valid || point.value >= alphabet.size() || alphabet[point.value] == kNoByte) return false;
    bytes.push_back(static_cast<char>(alphabet[point.value]));
    at += point.bytes;
  }
  return true;
}

/// Receives the entries of the JSON object one by one.
class Gpt2Vocabulary::Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Reader(Gpt2Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  bool start_object(std::size_t) override {
    if (inside_) refuse_value();
    inside_ = true;
    return true;
  }

  bool key(std::string& token) override {
    entry_ = std::move(token);
    return true;
  }

  bool number_unsigned(std::uint64_t id) override {
    if (!inside_) fail("is not a JSON object of tokens and ids");
    if (id >= kMostTokens) refuse_value();
    auto& tokens = vocabulary_.tokens_;
    if (id >= tokens.size()) tokens.resize(static_cast<std::size_t>(id) + 1, kAbsent);
    Slice& slice = tokens[static_cast<std::size_t>(id)];
    if (slice.begin != kAbsent.begin)
      fail("entry \"" + entry_ + "\": another one has the id " + std::to_string(id));
    slice.begin = vocabulary_.bytes_.size();
    if (!append_gpt2_bytes(entry_, vocabulary_.bytes_)) {
      fail("entry \"" + entry_ + "\" has a character that stands for no byte in GPT-2's byte-level alphabet");
    }
    slice.length = vocabulary_.bytes_.size() - slice.begin;
    return true;
  }

  bool end_object() override { return true; }
  bool null() override { return refuse_value(); }
  bool boolean(bool) override { return refuse_value(); }
  bool number_integer(std::int64_t) override { return refuse_value(); }
  bool number_float(double, const std::string&) override { return refuse_value(); }
  bool string(std::string&) override { return refuse_value(); }
  bool binary(binary_t&) override { return refuse_value(); }
  bool start_array(std::size_t) override { return refuse_value(); }
  bool end_array() override { return refuse_value(); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    fail("is not valid JSON: error at byte " + std::to_string(position));
  }

  /// After the whole file: no gap in the ids.
  void finish() {
    const auto& tokens = vocabulary_.tokens_;
    if (tokens.empty()) fail("holds no token");
    for (std::size_t id = 0; id < tokens.size(); ++id) {
      if (tokens[id].begin == kAbsent.begin) {
        fail("no entry has the id " + std::to_string(id) + ", though there are higher ones");
      }
    }
  }

 private:
  static constexpr std::uint64_t kMostTokens = 1 << 24;
  static constexpr Slice kAbsent{std::numeric_limits<std::size_t>::max(), 0};

  [[noreturn]] void fail(const std::string& detail) {
    throw Error(ErrorKind::model, vocabulary_.path_.string() + ": " + detail, vocabulary_.path_);
  }

  bool refuse_value() {
    if (!inside_) fail("is not a JSON object of tokens and ids");
    fail("entry \"" + entry_ + "\": the id is not an integer in [0, " + std::to_string(kMostTokens) + ")");
  }

  Gpt2Vocabulary& vocabulary_;
  std::string entry_;
  bool inside_ = false;
};

Gpt2Vocabulary::Gpt2Vocabulary(std::filesystem::path path) : path_(std::move(path)) {
  const std::string json = read_tokenizer_file(path_);
  bytes_.reserve(json.size() / 2);
  Reader reader(*this);
  nlohmann::json::sax_parse(json, &reader);
  reader.finish();
}

std::string_view Gpt2Vocabulary::bytes(std::int32_t id) const {
  const Slice& slice = tokens_[static_cast<std::size_t>(id)];
  return std::string_view(bytes_).substr(slice.begin, slice.length);
}

}  // namespace caption
