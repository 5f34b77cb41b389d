#include "text/gpt2_vocabulary.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/utf8.h"
#include "caption/error.h"
#include "text/file.h"

namespace caption {
namespace {

constexpr std::int16_t kNoByte = -1;
constexpr std::uint64_t kMostTokens = 1 << 24;

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
    if (!inside_) vocabulary_.fail("is not a JSON object of tokens and ids");
    vocabulary_.add(entry_, id);
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
    vocabulary_.fail("is not valid JSON: error at byte " + std::to_string(position));
  }

 private:
  bool refuse_value() {
    if (!inside_) vocabulary_.fail("is not a JSON object of tokens and ids");
    vocabulary_.place(entry_, kMostTokens);
    return false;
  }

  Gpt2Vocabulary& vocabulary_;
  std::string entry_;
  bool inside_ = false;
};

Gpt2Vocabulary Gpt2Vocabulary::read(std::filesystem::path path) {
  Gpt2Vocabulary vocabulary(std::move(path));
  const std::string json = read_tokenizer_file(vocabulary.path_);
  vocabulary.bytes_.reserve(json.size() / 2);
  Reader reader(vocabulary);
  nlohmann::json::sax_parse(json, &reader);
  vocabulary.finish();
  return vocabulary;
}

void Gpt2Vocabulary::fail(const std::string& detail) const {
  throw Error(ErrorKind::model, path_.string() + ": " + detail, path_);
}

/// Where the token `id` is to lie, which is not there yet or is told by its `begin`.
Gpt2Vocabulary::Slice& Gpt2Vocabulary::place(const std::string& entry, std::uint64_t id) {
  if (id >= kMostTokens)
    fail("entry \"" + entry + "\": the id is not an integer in [0, " + std::to_string(kMostTokens) + ")");
  if (id >= tokens_.size()) tokens_.resize(static_cast<std::size_t>(id) + 1);
  return tokens_[static_cast<std::size_t>(id)];
}

void Gpt2Vocabulary::add(const std::string& written, std::uint64_t id) {
  Slice& slice = place(written, id);
  if (slice.begin != kAbsent) fail("entry \"" + written + "\": another one has the id " + std::to_string(id));
  slice.begin = bytes_.size();
  if (!append_gpt2_bytes(written, bytes_)) {
    fail("entry \"" + written + "\" has a character that stands for no byte in GPT-2's byte-level alphabet");
  }
  slice.length = bytes_.size() - slice.begin;
}

void Gpt2Vocabulary::add_text(const std::string& text, std::uint64_t id) {
  Slice& slice = place(text, id);
  if (slice.begin != kAbsent && std::string_view(bytes_).substr(slice.begin, slice.length) != text)
    fail("entry \"" + text + "\": another one has the id " + std::to_string(id));
  slice = {bytes_.size(), text.size()};
  bytes_ += text;
}

void Gpt2Vocabulary::finish() const {
  if (tokens_.empty()) fail("holds no token");
  for (std::size_t id = 0; id < tokens_.size(); ++id) {
    if (tokens_[id].begin == kAbsent)
      fail("no entry has the id " + std::to_string(id) + ", though there are higher ones");
  }
}

std::string_view Gpt2Vocabulary::bytes(std::int32_t id) const {
  const Slice& slice = tokens_[static_cast<std::size_t>(id)];
  return std::string_view(bytes_).substr(slice.begin, slice.length);
}

}  // namespace caption
