#include "model/manifest.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "caption/error.h"
#include "model/json_fields.h"

namespace caption {
namespace {

using nlohmann::ordered_json;

/// The last format of one stop token and of GPT-2s of OpenAI's kind alone.
constexpr std::int64_t kOneKindOfGpt2 = 4;
/// The last format that knew no SigLIP, one way of resizing, and no plain captions.
constexpr std::int64_t kOnlyBicubic = 5;
constexpr std::int64_t kUsualHead = 64;  // channels
constexpr std::int64_t kUsualMapperHeads = 8;

Manifest::TokenizerFiles read_tokenizer(JsonFields reader, std::int64_t format) {
  Manifest::TokenizerFiles tokenizer;
  tokenizer.kind = format <= kOneKindOfGpt2
                       ? reader.one_of("kind", {"gpt2-bpe", "sentencepiece"})
                       : reader.one_of("kind", {"gpt2-bpe", "tokenizer-json", "sentencepiece"});
  JsonFields files = reader.object("files");
  if (tokenizer.kind == "gpt2-bpe") {
    tokenizer.files["vocabulary"] = files.file_name("vocabulary");
    tokenizer.files["merges"] = files.file_name("merges");
  } else if (tokenizer.kind == "tokenizer-json") {
    tokenizer.files["tokenizer"] = files.file_name("tokenizer");
  } else {
    tokenizer.files["model"] = files.file_name("model");
  }
  files.finish();
  if (format > kOneKindOfGpt2) tokenizer.lower_case = reader.boolean("lower_case");
  reader.finish();
  return tokenizer;
}

Manifest::LanguageModel read_language_model(JsonFields reader, std::int64_t format) {
  Manifest::LanguageModel gpt2{.file = reader.file_name("file"),
                               .width = reader.positive("width"),
                               .layers = reader.positive("layers"),
                               .activation = "gelu_new",
                               .vocabulary = reader.positive("vocabulary"),
                               .context = reader.positive("context")};
  gpt2.heads = format <= kOneKindOfGpt2 ? gpt2.width / kUsualHead : reader.positive("heads");
  if (format > kOneKindOfGpt2) gpt2.activation = reader.one_of("activation", {"gelu_new", "gelu"});
  reader.finish();
  return gpt2;
}

Manifest::Stop read_stop(JsonFields reader, std::int64_t format) {
  Manifest::Stop stop;
  if (format <= kOneKindOfGpt2) {
    stop.tokens = {reader.not_negative("token")};
  } else {
    stop.tokens = reader.numbers("tokens");
    stop.texts = reader.texts("texts");
    if (stop.tokens.empty() && stop.texts.empty())
      reader.fail("tokens", "a token, or a text in 'texts', that ends captions", ordered_json::array());
  }
  stop.max_tokens = reader.positive("max_tokens");
  reader.finish();
  return stop;
}

std::optional<Manifest::Text> read_text(JsonFields& top) {
  if (top.is_null("text")) return std::nullopt;
  JsonFields text = top.object("text");
  const Manifest::Text read = {text.file_name("merges"),    text.one_of("activation", {"quick_gelu", "gelu"}),
                               text.positive("width"),      text.positive("layers"),
                               text.positive("vocabulary"), text.positive("context")};
  text.finish();
  return read;
}

std::vector<Manifest::File> read_files(JsonFields& top, const std::filesystem::path& path) {
  std::vector<Manifest::File> files;
  for (const ordered_json& entry : top.array("files")) {
    JsonFields reader(entry, path, "files[" + std::to_string(files.size()) + "]");
    files.push_back({reader.file_name("name"), static_cast<std::uint64_t>(reader.not_negative("bytes")),
                     reader.sha256("sha256")});
    reader.finish();
  }
  return files;
}

/// Every file that a part names must be listed with its size and hash, and the other way round.
void require_files_listed(const Manifest& manifest, const std::filesystem::path& path) {
  std::set<std::string> used = {manifest.encoder.file, manifest.mapper.file, manifest.language_model.file};
  for (const auto& [role, file] : manifest.tokenizer.files) used.insert(file);
  if (manifest.text) used.insert(manifest.text->merges);
  std::set<std::string> listed;
  for (const Manifest::File& file : manifest.files) {
    if (!listed.insert(file.name).second || used.count(file.name) == 0) {
      throw Error(ErrorKind::model,
                  path.string() + ": 'files' lists '" + file.name + "', which is listed twice or not used",
                  path);
    }
  }
  for (const std::string& name : used) {
    if (listed.count(name) == 0) {
      throw Error(ErrorKind::model, path.string() + ": 'files' does not list '" + name + "'", path);
    }
  }
}

}  // namespace

Manifest read_manifest(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "model.json";
  const ordered_json json = parse_json(path, "bundle");
  JsonFields top(json, path, "");
  const std::int64_t format = top.positive("format");
  if (format < Manifest::kOldestFormat || format > Manifest::kFormat) {
    throw Error(ErrorKind::model,
                path.string() + ": bundle format " + std::to_string(format) +
                    ", but this program reads formats " + std::to_string(Manifest::kOldestFormat) + " to " +
                    std::to_string(Manifest::kFormat) +
                    ": update caption, or import the published files again",
                path);
  }
  Manifest m;
  m.name = top.text("name");
  m.description = top.text("description");
  JsonFields image = top.object("image");
  const bool clip_only = format == Manifest::kOldestFormat;
  m.image = {image.positive("resolution"), clip_only ? "crop" : image.one_of("fit", {"crop", "stretch"}),
             format <= kOnlyBicubic ? "bicubic" : image.one_of("resample", {"bicubic", "bilinear"}),
             image.three_numbers("mean", std::numeric_limits<double>::lowest()),
             image.three_numbers("std", 0)};
  image.finish();
  JsonFields encoder = top.object("encoder");
  m.encoder = {encoder.file_name("file"),
               encoder.one_of("kind", {"vit", "resnet", "efficientnet-lite", "siglip"}),
               clip_only ? "embedding"
                         : encoder.one_of("output", {"embedding", "features", "classes", "classes+features"}),
               encoder.positive("embedding"),
               encoder.one_of("activation", {"quick_gelu", "gelu", "gelu_tanh", "relu6"})};
  encoder.finish();
  JsonFields mapper = top.object("mapper");
  m.mapper = {mapper.file_name("file"), mapper.one_of("kind", {"mlp", "transformer", "linear"}),
              mapper.positive("prefix_length"), mapper.boolean("normalize"),
              format <= kOneKindOfGpt2 ? kUsualMapperHeads : mapper.positive("heads")};
  mapper.finish();
  m.language_model = read_language_model(top.object("language_model"), format);
  m.tokenizer = read_tokenizer(top.object("tokenizer"), format);
  if (format >= 4) m.text = read_text(top);
  m.stop = read_stop(top.object("stop"), format);
  if (format >= 3) m.no_repeat_ngram = top.not_negative("no_repeat_ngram");
  if (!clip_only) m.unsure_below = top.logprob_or_null("unsure_below");
  if (format > kOnlyBicubic) m.unsure_prompt = top.text("unsure_prompt");
  m.files = read_files(top, path);
  m.origin = top.text("origin");
  m.license = top.text("license");
  top.finish();
  require_files_listed(m, path);
  return m;
}

std::string to_json(const Manifest& m) {
  ordered_json files = ordered_json::array();
  for (const Manifest::File& file : m.files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  ordered_json tokenizer_files = ordered_json::object();
  for (const auto& [role, file] : m.tokenizer.files) tokenizer_files[role] = file;
  ordered_json text = nullptr;
  if (m.text) {
    text = {{"merges", m.text->merges}, {"activation", m.text->activation}, {"width", m.text->width},
            {"layers", m.text->layers}, {"vocabulary", m.text->vocabulary}, {"context", m.text->context}};
  }
  const ordered_json json = {
      {"format", Manifest::kFormat},
      {"name", m.name},
      {"description", m.description},
      {"image",
       {{"resolution", m.image.resolution},
        {"fit", m.image.fit},
        {"resample", m.image.resample},
        {"mean", m.image.mean},
        {"std", m.image.std}}},
      {"encoder",
       {{"file", m.encoder.file},
        {"kind", m.encoder.kind},
        {"output", m.encoder.output},
        {"embedding", m.encoder.embedding},
        {"activation", m.encoder.activation}}},
      {"mapper",
       {{"file", m.mapper.file},
        {"kind", m.mapper.kind},
        {"prefix_length", m.mapper.prefix_length},
        {"normalize", m.mapper.normalize},
        {"heads", m.mapper.heads}}},
      {"language_model",
       {{"file", m.language_model.file},
        {"width", m.language_model.width},
        {"layers", m.language_model.layers},
        {"heads", m.language_model.heads},
        {"activation", m.language_model.activation},
        {"vocabulary", m.language_model.vocabulary},
        {"context", m.language_model.context}}},
      {"tokenizer",
       {{"kind", m.tokenizer.kind}, {"files", tokenizer_files}, {"lower_case", m.tokenizer.lower_case}}},
      {"text", text},
      {"stop", {{"tokens", m.stop.tokens}, {"texts", m.stop.texts}, {"max_tokens", m.stop.max_tokens}}},
      {"no_repeat_ngram", m.no_repeat_ngram},
      {"unsure_below", m.unsure_below ? ordered_json(*m.unsure_below) : ordered_json(nullptr)},
      {"unsure_prompt", m.unsure_prompt},
      {"files", files},
      {"origin", m.origin},
      {"license", m.license},
  };
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace caption
