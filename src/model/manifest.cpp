#include "model/manifest.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

using nlohmann::ordered_json;

/// One JSON object of a model.json, read field by field; `finish` rejects what was not asked for.
class Reader {
 public:
  Reader(const ordered_json& object, std::filesystem::path file, std::string where)
      : object_(object), file_(std::move(file)), where_(std::move(where)) {
    if (!object_.is_object()) fail(where_.empty() ? "the file" : where_, "an object", object_);
  }

  std::string text(const std::string& key) {
    const ordered_json& value = get(key);
    if (!value.is_string()) fail(path(key), "a string", value);
    return value.get<std::string>();
  }

  std::string one_of(const std::string& key, std::initializer_list<std::string_view> choices) {
    std::string value = text(key);
    if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
    std::string expected;
    for (const std::string_view choice : choices)
      expected.append(expected.empty() ? "" : " or ").append(choice);
    fail(path(key), expected, value);
  }

  /// The name of a file in the bundle's own folder.
  std::string file_name(const std::string& key) {
    std::string value = text(key);
    const std::filesystem::path name(value);
    if (value.empty() || name.has_parent_path() || value == "." || value == "..") {
      fail(path(key), "the name of a file in the bundle's folder", value);
    }
    return value;
  }

  std::int64_t positive(const std::string& key) {
    const std::int64_t value = integer(key);
    if (value < 1) fail(path(key), "a number above 0", value);
    return value;
  }

  std::int64_t not_negative(const std::string& key) {
    const std::int64_t value = integer(key);
    if (value < 0) fail(path(key), "0 or more", value);
    return value;
  }

  bool boolean(const std::string& key) {
    const ordered_json& value = get(key);
    if (!value.is_boolean()) fail(path(key), "true or false", value);
    return value.get<bool>();
  }

  /// Three numbers above `low`.
  std::array<double, 3> three_numbers(const std::string& key, double low) {
    const ordered_json& value = get(key);
    std::array<double, 3> numbers{};
    const bool three = value.is_array() && value.size() == numbers.size();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (!three || !value[i].is_number() || !(value[i].get<double>() > low)) {
        fail(path(key), low == 0 ? "an array of three numbers above 0" : "an array of three numbers", value);
      }
      numbers[i] = value[i].get<double>();
    }
    return numbers;
  }

  std::string sha256(const std::string& key) {
    std::string value = text(key);
    if (value.size() != 64 || value.find_first_not_of("0123456789abcdef") != std::string::npos) {
      fail(path(key), "64 lower-case hexadecimal digits", value);
    }
    return value;
  }

  /// A log-probability, or null.
  std::optional<double> logprob_or_null(const std::string& key) {
    const ordered_json& value = get(key);
    if (value.is_null()) return std::nullopt;
    if (!value.is_number() || value.get<double>() > 0) fail(path(key), "a number up to 0, or null", value);
    return value.get<double>();
  }

  Reader object(const std::string& key) { return {get(key), file_, path(key)}; }

  const ordered_json& array(const std::string& key) {
    const ordered_json& value = get(key);
    if (!value.is_array()) fail(path(key), "an array", value);
    return value;
  }

  void finish() const {
    for (const auto& [key, value] : object_.items()) {
      if (asked_.count(key) == 0) {
        throw Error(ErrorKind::model, file_.string() + ": unknown field '" + path(key) + "'", file_);
      }
    }
  }

  [[noreturn]] void fail(const std::string& field, const std::string& expected,
                         const ordered_json& found) const {
    throw Error(ErrorKind::model,
                file_.string() + ": field '" + field + "': expected " + expected + ", found " +
                    found.dump(-1, ' ', false, ordered_json::error_handler_t::replace),
                file_);
  }

  std::string path(const std::string& key) const { return where_.empty() ? key : where_ + "." + key; }

 private:
  const ordered_json& get(const std::string& key) {
    asked_.insert(key);
    const auto it = object_.find(key);
    if (it == object_.end()) {
      throw Error(ErrorKind::model, file_.string() + ": field '" + path(key) + "' is missing", file_);
    }
    return *it;
  }

  std::int64_t integer(const std::string& key) {
    const ordered_json& value = get(key);
    if (!value.is_number_integer() || value > std::numeric_limits<std::int64_t>::max()) {
      fail(path(key), "a whole number", value);
    }
    return value.get<std::int64_t>();
  }

  const ordered_json& object_;
  std::filesystem::path file_;
  std::string where_;
  std::set<std::string> asked_;
};

ordered_json parse(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error(ErrorKind::model, file.string() + ": cannot be read: not a bundle", file);
  std::stringstream text;
  text << stream.rdbuf();
  try {
    return ordered_json::parse(text.str());
  } catch (const ordered_json::exception& e) {
    throw Error(ErrorKind::model,
                file.string() + ": not valid JSON; copy the bundle again (" + e.what() + ")", file);
  }
}

Manifest::TokenizerFiles read_tokenizer(Reader reader) {
  Manifest::TokenizerFiles tokenizer;
  tokenizer.kind = reader.one_of("kind", {"gpt2-bpe", "sentencepiece"});
  Reader files = reader.object("files");
  if (tokenizer.kind == "gpt2-bpe") {
    tokenizer.files["vocabulary"] = files.file_name("vocabulary");
    tokenizer.files["merges"] = files.file_name("merges");
  } else {
    tokenizer.files["model"] = files.file_name("model");
  }
  files.finish();
  reader.finish();
  return tokenizer;
}

std::vector<Manifest::File> read_files(Reader& top, const std::filesystem::path& path) {
  std::vector<Manifest::File> files;
  for (const ordered_json& entry : top.array("files")) {
    Reader reader(entry, path, "files[" + std::to_string(files.size()) + "]");
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
  const ordered_json json = parse(path);
  Reader top(json, path, "");
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
  Reader image = top.object("image");
  const bool clip_only = format == Manifest::kOldestFormat;
  m.image = {image.positive("resolution"), clip_only ? "crop" : image.one_of("fit", {"crop", "stretch"}),
             image.three_numbers("mean", std::numeric_limits<double>::lowest()),
             image.three_numbers("std", 0)};
  image.finish();
  Reader encoder = top.object("encoder");
  m.encoder = {encoder.file_name("file"), encoder.one_of("kind", {"vit", "resnet", "efficientnet-lite"}),
               clip_only ? "embedding"
                         : encoder.one_of("output", {"embedding", "features", "classes", "classes+features"}),
               encoder.positive("embedding"), encoder.one_of("activation", {"quick_gelu", "gelu", "relu6"})};
  encoder.finish();
  Reader mapper = top.object("mapper");
  m.mapper = {mapper.file_name("file"), mapper.one_of("kind", {"mlp", "transformer", "linear"}),
              mapper.positive("prefix_length"), mapper.boolean("normalize")};
  mapper.finish();
  Reader gpt2 = top.object("language_model");
  m.language_model = {gpt2.file_name("file"), gpt2.positive("width"), gpt2.positive("layers"),
                      gpt2.positive("vocabulary"), gpt2.positive("context")};
  gpt2.finish();
  m.tokenizer = read_tokenizer(top.object("tokenizer"));
  Reader stop = top.object("stop");
  m.stop = {stop.not_negative("token"), stop.positive("max_tokens")};
  stop.finish();
  if (format >= 3) m.no_repeat_ngram = top.not_negative("no_repeat_ngram");
  if (!clip_only) m.unsure_below = top.logprob_or_null("unsure_below");
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
  const ordered_json json = {
      {"format", Manifest::kFormat},
      {"name", m.name},
      {"description", m.description},
      {"image",
       {{"resolution", m.image.resolution},
        {"fit", m.image.fit},
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
        {"normalize", m.mapper.normalize}}},
      {"language_model",
       {{"file", m.language_model.file},
        {"width", m.language_model.width},
        {"layers", m.language_model.layers},
        {"vocabulary", m.language_model.vocabulary},
        {"context", m.language_model.context}}},
      {"tokenizer", {{"kind", m.tokenizer.kind}, {"files", tokenizer_files}}},
      {"stop", {{"token", m.stop.token}, {"max_tokens", m.stop.max_tokens}}},
      {"no_repeat_ngram", m.no_repeat_ngram},
      {"unsure_below", m.unsure_below ? ordered_json(*m.unsure_below) : ordered_json(nullptr)},
      {"files", files},
      {"origin", m.origin},
      {"license", m.license},
  };
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace caption
