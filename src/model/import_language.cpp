#include "model/import_language.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "model/gpt2_config.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxTokens = 67;

TokenizerSource tokenizer_for(const ImportRequest& request) {
  if (!request.tokenizer.empty()) {
    if (auto found = find_tokenizer(request.tokenizer)) return std::move(*found);
    throw Error(ErrorKind::usage,
                request.tokenizer.string() +
                    ": no tokenizer in this folder: expected tokenizer.json, vocab.json with merges.txt, "
                    "encoder.json with vocab.bpe, or a sentencepiece model (spiece.model)",
                request.tokenizer);
  }
  if (request.gpt2) {
    std::error_code ignored;
    const bool folder = fs::is_directory(*request.gpt2, ignored);
    if (auto found = find_tokenizer(folder ? *request.gpt2 : request.gpt2->parent_path() / "")) {
      log::info("the tokenizer is " + printable(found->sources.begin()->second.string()));
      return std::move(*found);
    }
  }
  return find_tokenizer(request.usual_tokenizer).value();
}

/// The id of the token that is written so; -1: there is none.
std::int64_t find_token(const Tokenizer& tokenizer, const std::string& text) {
  for (std::int32_t id = 0; id < tokenizer.size(); ++id)
    if (tokenizer.piece(id).bytes == text) return id;
  return -1;
}

std::int64_t stop_token(const Tokenizer& tokenizer, const std::string& asked) {
  const bool number = !asked.empty() && asked.size() < 10 &&
                      std::all_of(asked.begin(), asked.end(),
                                  [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
  const std::int64_t id = number ? std::stoll(asked) : find_token(tokenizer, asked);
  if (id >= 0 && id < tokenizer.size()) return id;
  throw Error(ErrorKind::usage,
              "the tokenizer has no token '" + asked + "' for captions to end with" +
                  (number ? ": its tokens are 0 to " + std::to_string(tokenizer.size() - 1) : ""));
}

/// What ends captions where nobody says it: ClipCap's ".", and with a sentencepiece model, whose full stops
/// are several tokens, the one that ends texts.
std::int64_t usual_stop_token(const Tokenizer& tokenizer, const TokenizerSource& source) {
  const bool sentencepiece = source.files.kind == "sentencepiece";
  const std::string end = !sentencepiece ? "." : source.end.empty() ? "</s>" : source.end;
  const std::int64_t id = find_token(tokenizer, end);
  if (id >= 0) return id;
  throw Error(ErrorKind::usage, "nothing says what ends this model's captions: its tokenizer has no token '" +
                                    end + "'; name a token or a text");
}

Manifest::Stop stop_of(const ImportRequest& request, const Tokenizer& tokenizer,
                       const TokenizerSource& source) {
  Manifest::Stop stop{.tokens = {}, .texts = request.stop_texts, .max_tokens = kMaxTokens};
  for (const std::string& token : request.stop_tokens) stop.tokens.push_back(stop_token(tokenizer, token));
  if (stop.tokens.empty() && stop.texts.empty()) stop.tokens = {usual_stop_token(tokenizer, source)};
  return stop;
}

}  // namespace

LanguageSource find_language(const ImportRequest& request) {
  LanguageSource language{.tokenizer = tokenizer_for(request), .choices = {}, .stop = {}};
  const auto tokenizer = load_tokenizer(
      language.tokenizer.files, [&](const std::string& name) { return language.tokenizer.sources.at(name); });
  const fs::path& weights = request.gpt2 ? *request.gpt2 : request.captioner;
  if (const auto config = read_gpt2_config(weights)) {
    language.choices = config->choices;
    language.tied = config->tied;
    language.configured = true;
    if (request.heads && *request.heads != language.choices.heads) {
      throw Error(ErrorKind::usage, "GPT-2's configuration says that it has " +
                                        std::to_string(language.choices.heads) + " attention heads, not " +
                                        std::to_string(*request.heads));
    }
  }
  if (request.heads) language.choices.heads = *request.heads;
  language.choices.tokens = tokenizer->size();
  language.stop = stop_of(request, *tokenizer, language.tokenizer);
  return language;
}

}  // namespace caption
