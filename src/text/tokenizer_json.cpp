#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "text/byte_level_parts.h"
#include "text/file.h"

namespace caption {
namespace {

using nlohmann::json;

class TokenizerJson {
 public:
  explicit TokenizerJson(const std::filesystem::path& file) : file_(file) {
    json_ = json::parse(read_tokenizer_file(file), nullptr, /*allow_exceptions=*/false);
    if (!json_.is_object() || !part("model").is_object()) fail("is no tokenizer.json: it has no 'model'");
  }

  ByteLevelParts parts() const {
    require_byte_level();
    Gpt2Vocabulary vocabulary(file_);
    const json& tokens = field(part("model"), "vocab");
    if (!tokens.is_object()) fail("'model.vocab' is no object of tokens and ids");
    std::vector<AddedToken> added = added_tokens();
    std::set<std::string> texts;
    for (const AddedToken& token : added) {
      vocabulary.add_text(token.text, static_cast<std::uint64_t>(token.id));
      texts.insert(token.text);
    }
    for (const auto& [token, id] : tokens.items()) {
      // Many vocabularies have the added ones, too.
      texts.count(token) > 0 ? vocabulary.add_text(token, number(id, token))
                             : vocabulary.add(token, number(id, token));
    }
    vocabulary.finish();
    return {std::move(vocabulary), merges(), file_, AddedTokens(std::move(added)), space_before()};
  }

 private:
  [[noreturn]] void fail(const std::string& detail) const {
    throw Error(ErrorKind::model, file_.string() + ": " + detail, file_);
  }

  static const json& field(const json& object, const char* key) {
    static const json kNothing;
    const auto found = object.find(key);
    return object.is_object() && found != object.end() ? *found : kNothing;
  }
  const json& part(const char* key) const { return field(json_, key); }

  std::uint64_t number(const json& id, const std::string& token) const {
    if (!id.is_number_unsigned() || id > std::numeric_limits<std::int32_t>::max())
      fail("token \"" + token + "\": its id is no whole number from 0 on");
    return id.get<std::uint64_t>();
  }

  /// Whether a field is left out, or says what a byte-level BPE does without it.
  static bool is_nothing(const json& value) {
    return value.is_null() || value == false || value == "" || value == 0.0;
  }

  /// What is looked at before texts are split: one step of the kind "ByteLevel".
  const json& splitting() const {
    const json& step = part("pre_tokenizer");
    const json& steps = field(step, "pretokenizers");
    return field(step, "type") == "Sequence" && steps.is_array() && steps.size() == 1 ? steps[0] : step;
  }

  bool space_before() const { return field(splitting(), "add_prefix_space") == true; }

  void require_byte_level() const {
    const json& model = part("model");
    const json& kind = field(model, "type");
    const std::string other = ", which is not supported: expected GPT-2's kind, a byte-level BPE";
    if (!kind.is_null() && kind != "BPE")
      fail("is a tokenizer of the kind " + kind.dump() + other + "; a sentencepiece model is another file");
    for (const char* key :
         {"dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges"}) {
      if (!is_nothing(field(model, key)))
        fail("'model." + std::string(key) + "' is " + field(model, key).dump() + other);
    }
    if (!part("normalizer").is_null()) {
      fail("changes texts by a normalizer of the kind " + field(part("normalizer"), "type").dump() + other +
           " without one");
    }
    const json& step = splitting();
    if (field(step, "type") != "ByteLevel" || field(step, "use_regex") == false)
      fail("splits texts by a step of the kind " + field(part("pre_tokenizer"), "type").dump() + other);
  }

  std::vector<AddedToken> added_tokens() const {
    std::vector<AddedToken> added;
    const json& tokens = part("added_tokens");
    for (const json& token : tokens.is_array() ? tokens : json::array()) {
      const json& content = field(token, "content");
      if (!content.is_string() || content == "") fail("an added token has no 'content'");
      const std::string text = content.get<std::string>();
      if (field(token, "single_word") == true)
        fail("added token \"" + text + "\": single_word is not supported");
      added.push_back({.id = static_cast<std::int32_t>(number(field(token, "id"), text)),
                       .text = text,
                       .special = field(token, "special") == true,
                       .strip_left = field(token, "lstrip") == true,
                       .strip_right = field(token, "rstrip") == true});
    }
    return added;
  }

  /// A pair of tokens in each line. They are written as "a b" or as ["a", "b"]: no token of a byte-level BPE
  /// has a space in it.
  std::string merges() const {
    const json& pairs = field(part("model"), "merges");
    if (!pairs.is_array()) fail("'model.merges' is no list");
    std::string lines;
    for (const json& pair : pairs) {
      const bool two = pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string();
      if (!two && !pair.is_string()) fail("'model.merges': expected pairs of tokens, found " + pair.dump());
      const std::string line =
          two ? pair[0].get<std::string>() + " " + pair[1].get<std::string>() : pair.get<std::string>();
      if (line.find('\n') != std::string::npos) fail("'model.merges': a token has a line end");
      lines.append(line).append("\n");
    }
    return lines;
  }

  std::filesystem::path file_;
  json json_;
};

}  // namespace

ByteLevelParts read_tokenizer_json(const std::filesystem::path& file) {
  return TokenizerJson(file).parts();
}

}  // namespace caption
