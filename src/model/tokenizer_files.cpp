#include "model/tokenizer_files.h"

#include <system_error>
#include <utility>

#include "model/foreign_json.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSentencepiece = "tokenizer.model";
constexpr const char* kTokenizerJson = "tokenizer.json";

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

TokenizerSource one_file(const char* kind, const char* role, const char* name, const fs::path& source) {
  return {.files = {kind, {{role, name}}}, .sources = {{name, source}}};
}

TokenizerSource of_file(const fs::path& file) {
  if (file.extension() == ".json") return one_file("tokenizer-json", "tokenizer", kTokenizerJson, file);
  return one_file("sentencepiece", "model", kSentencepiece, file);
}

std::optional<TokenizerSource> of_folder(const fs::path& folder) {
  for (const char* name : {"spiece.model", "tokenizer.model", "sentencepiece.bpe.model", kTokenizerJson})
    if (is_file(folder / name)) return of_file(folder / name);
  struct Pair {
    const char* vocabulary;
    const char* merges;
  };
  for (const auto& [vocabulary, merges] :
       {Pair{"vocab.json", "merges.txt"}, Pair{"encoder.json", "vocab.bpe"}}) {
    if (!is_file(folder / vocabulary) || !is_file(folder / merges)) continue;
    return TokenizerSource{
        .files = {"gpt2-bpe", {{"vocabulary", "encoder.json"}, {"merges", "vocab.bpe"}}},
        .sources = {{"encoder.json", folder / vocabulary}, {"vocab.bpe", folder / merges}}};
  }
  return std::nullopt;
}

/// A token in a configuration: a text, or an object that has it.
std::string token_text(const ForeignJson& config, const char* key) {
  const auto token = config.value<nlohmann::ordered_json>(key, nullptr);
  if (token.is_string()) return token.get<std::string>();
  return config.object(key).value<std::string>("content", "");
}

}  // namespace

std::optional<TokenizerSource> find_tokenizer(const fs::path& place) {
  std::error_code ignored;
  const bool folder = fs::is_directory(place, ignored);
  std::optional<TokenizerSource> found = folder ? of_folder(place) : of_file(place);
  if (!found) return found;
  const fs::path beside = folder ? place : place.parent_path();
  if (const auto config = read_foreign_json(beside / "tokenizer_config.json")) {
    found->files.lower_case = found->files.kind == "sentencepiece" && config->value("do_lower_case", false);
    found->end = token_text(*config, "eos_token");
  }
  return found;
}

std::unique_ptr<Tokenizer> load_tokenizer(const Manifest::TokenizerFiles& files,
                                          const std::function<fs::path(const std::string& name)>& place) {
  const auto at = [&](const char* role) { return place(files.files.at(role)); };
  std::unique_ptr<Tokenizer> tokenizer =
      files.kind == "sentencepiece"    ? load_sentencepiece_tokenizer(at("model"))
      : files.kind == "tokenizer-json" ? load_tokenizer_json(at("tokenizer"))
                                       : load_gpt2_tokenizer(at("vocabulary"), at("merges"));
  return files.lower_case ? in_small_letters(std::move(tokenizer)) : std::move(tokenizer);
}

}  // namespace caption
