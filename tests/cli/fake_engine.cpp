// What runs behind the command line, for tests:  fixed captions from a file's first bytes, no model, no image
// library. It defines the functions that the command line calls.
//
// A file's bytes decide what becomes of it:
//   "corrupt...", "unsupported...", "too_large..."   an Error of that kind
//   "say TEXT"                                       the caption TEXT, as it is
//   "slow TEXT"                                      likewise, but decoding takes a second
//   "cut ...", "again ...", "half ...", "raw ..."    before these two: the caption was cut, repeats itself,
//                                                    or is of a truncated picture, or of a raw file's preview
//   anything else                                    "a picture of N bytes that starts with XX."
// Its thumbnail is "small " and the file's first bytes.
// The environment decides the rest:
//   FAKE_DELAY_MS    how long the model takes for each image
//   FAKE_LOAD_ERROR  loading the model fails with this message
//   FAKE_LOAD_MS     how long it takes
//   FAKE_LOG         a file to which what the engine was asked for is appended, a line each
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "caption/explanation.h"
#include "doctor/doctor.h"
#include "image/drawings.h"
#include "measure/benchmark.h"
#include "model/import.h"
#include "model/verify.h"
#include "pipeline/batch.h"
#include "pipeline/optimize.h"
#include "pipeline/versions.h"

namespace caption {

/// The file's bytes.
struct Picture::Image {
  std::string bytes;
};

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void note(const std::string& line) {
  if (const std::string file = environment("FAKE_LOG"); !file.empty())
    std::ofstream(file, std::ios::app) << line << '\n';
}

/// Takes the word and its space from the beginning of `bytes`, if it is there.
bool take(std::string& bytes, const std::string& word) {
  if (!bytes.starts_with(word + " ")) return false;
  bytes.erase(0, word.size() + 1);
  return true;
}

std::string text_of(const std::string& bytes) {
  if (bytes.starts_with("say ")) return bytes.substr(4);
  if (bytes.starts_with("slow ")) return bytes.substr(5);
  return "a picture of " + std::to_string(bytes.size()) + " bytes that starts with " +
         (bytes.empty() ? "nothing" : std::to_string(static_cast<unsigned char>(bytes.front()))) + ".";
}

/// A caption of what the file says, with a score of -3 * rank for three tokens.
Caption caption_of(const Picture& picture, int rank) {
  std::string bytes = picture.image->bytes;
  Caption caption;
  if (picture.truncated) take(bytes, "half");
  if (picture.preview) take(bytes, "raw");
  caption.finish = take(bytes, "cut") ? Finish::length : Finish::stop;
  caption.repetition = take(bytes, "again");
  caption.text = text_of(bytes) + (rank == 1 ? "" : " (" + std::to_string(rank) + ")");
  caption.tokens = {1, 2, 13};
  caption.score = -3.0 * rank;
  caption.mean_logprob = -1.0 * rank;
  return caption;
}

/// Takes all images at once, and the last one's captions come first.
class FakeScheduler : public CaptionScheduler {
 public:
  FakeScheduler(int n_best, std::size_t most) : n_best_(n_best), most_(most) {}

  std::size_t room() const override { return most_ - images_.size(); }
  bool idle() const override { return images_.empty(); }
  void add(std::size_t number, Picture picture) override { images_.emplace_back(number, std::move(picture)); }

  std::vector<ScheduledCaptions> advance() override {
    if (!idle()) note("images " + std::to_string(images_.size()));
    std::vector<ScheduledCaptions> results;
    for (; !images_.empty(); images_.pop_back()) {
      if (const std::string delay = environment("FAKE_DELAY_MS"); !delay.empty()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(std::stoi(delay)));
      }
      ScheduledCaptions& result = results.emplace_back();
      result.image = images_.back().first;
      for (int rank = 1; rank <= n_best_; ++rank)
        result.captions.push_back(caption_of(images_.back().second, rank));
    }
    return results;
  }

 private:
  int n_best_;
  std::size_t most_;
  std::vector<std::pair<std::size_t, Picture>> images_;
};

/// ' "TEXT"' for each
std::string stops_of(const DecodeOptions& options) {
  std::string text;
  for (const std::string& stop : options.stop) text += " \"" + stop + "\"";
  return text;
}

/// Those that are not as usual.
std::string words_of(const DecodeOptions& options) {
  std::string text;
  if (options.repetition_penalty != 1)
    text += " repetition_penalty " + std::to_string(options.repetition_penalty);
  for (const std::string& word : options.banned) text += " ban \"" + word + "\"";
  for (const std::string& word : options.required) text += " require \"" + word + "\"";
  if (options.beam_groups != 1)
    text +=
        " groups " + std::to_string(options.beam_groups) + " " + std::to_string(options.diversity_penalty);
  if (!options.prompt.empty()) text += " prompt \"" + options.prompt + "\"";
  if (options.past_stop) text += " past_stop";
  if (options.rerank == Rerank::clip) text += " rerank clip";
  return text;
}

class FakeCaptioner : public Captioner {
 public:
  const std::string& name() const override { return name_; }

  Picture prepare(std::span<const std::byte> file_bytes, const ImageOptions& options) const override {
    std::string bytes;
    for (const std::byte byte : file_bytes) bytes += static_cast<char>(byte);
    if (bytes.starts_with("corrupt")) throw Error(ErrorKind::corrupt, "the image ends early");
    if (bytes.starts_with("unsupported")) throw Error(ErrorKind::unsupported_format, "not an image");
    if (bytes.starts_with("slow ")) std::this_thread::sleep_for(std::chrono::seconds(1));
    if (bytes.starts_with("too_large")) throw Error(ErrorKind::too_large, "more pixels than the limit");
    Picture picture{std::make_shared<const Picture::Image>(Picture::Image{bytes}), {}};
    picture.truncated = bytes.starts_with("half ");
    picture.preview = bytes.starts_with("raw ");
    if (options.thumbnail > 0) {
      for (const char c : "small " + bytes.substr(0, static_cast<std::size_t>(options.thumbnail)))
        picture.thumbnail.push_back(static_cast<std::byte>(c));
    }
    return picture;
  }

  std::unique_ptr<CaptionScheduler> schedule(const DecodeOptions& options, const BatchSizes& sizes) override {
    if (options.max_tokens > 1000)
      throw Error(ErrorKind::usage, "the maximum of tokens is " + std::to_string(options.max_tokens) +
                                        ": this model allows at most 1000");
    note("stream batch " + std::to_string(sizes.decode_batch) + " encode_batch " +
         std::to_string(sizes.encode_batch) + " beam " + std::to_string(options.beam) + " n_best " +
         std::to_string(options.n_best) + " max_tokens " + std::to_string(options.max_tokens) +
         " min_tokens " + std::to_string(options.min_tokens) + " no_repeat_ngram " +
         (options.no_repeat_ngram ? std::to_string(*options.no_repeat_ngram) : "model's") + " stop" +
         stops_of(options) + words_of(options) + " sample " + std::to_string(options.sample) + " top_k " +
         std::to_string(options.top_k) + " top_p " + std::to_string(options.top_p) + " temperature " +
         std::to_string(options.temperature) + " seed " + std::to_string(options.seed) + " length_penalty " +
         std::to_string(options.length_penalty));
    return std::make_unique<FakeScheduler>(options.n_best, static_cast<std::size_t>(sizes.decode_batch));
  }

  /// The number of a picture's bytes, and its first one.
  Embeddings embed(std::span<const Picture> pictures) override {
    Embeddings embeddings{2, {}};
    for (const Picture& picture : pictures) {
      const std::string& bytes = picture.image->bytes;
      embeddings.values.push_back(static_cast<float>(bytes.size()));
      embeddings.values.push_back(bytes.empty() ? 0.0F : static_cast<float>(bytes.front()));
    }
    return embeddings;
  }

  bool embeds_texts() const override { return environment("FAKE_TEXTS") != "no"; }

  /// The number of a text's bytes, and its first one. More than 100 are too many.
  TextEmbeddings embed_texts(std::span<const std::string> texts) override {
    TextEmbeddings result{{2, {}}, {}};
    for (std::size_t i = 0; i < texts.size(); ++i) {
      result.embeddings.values.push_back(static_cast<float>(texts[i].size()));
      result.embeddings.values.push_back(texts[i].empty() ? 0.0F : static_cast<float>(texts[i].front()));
      if (texts[i].size() > 100) result.cut.push_back(i);
    }
    return result;
  }

  /// A token for each text.
  std::vector<ScoredText> score(const Picture&, std::span<const std::string> texts) override {
    std::vector<ScoredText> scored;
    for (const std::string& text : texts) {
      ScoredText& one = scored.emplace_back();
      one.text = text;
      one.tokens.push_back({1, text, -1.5});
      one.score = one.mean_logprob = -1.5;
    }
    return scored;
  }

  /// "NAME" in two tokens and "." in one, in a grid of 3: the first word at the top left, "." nowhere.
  Explanation explain(const Picture& picture, const DecodeOptions& options,
                      const ExplainOptions& explanation) override {
    note("explain batch " + std::to_string(explanation.batch) + " grid " + std::to_string(explanation.grid) +
         " top " + std::to_string(explanation.alternatives) + " text " + explanation.text.value_or("none") +
         " beam " + std::to_string(options.beam) + " max_tokens " + std::to_string(options.max_tokens) +
         " min_tokens " + std::to_string(options.min_tokens));
    const std::string word = explanation.text.value_or(caption_of(picture, 1).text);
    Explanation result;
    result.caption = {word + ".", {1, 2, 13}, -1.75, -1.75 / 3};
    // One by one: GCC 12 warns of lists of strings that throw half-way.
    result.tokens.resize(3);
    result.tokens[0].chosen = {1, word.substr(0, 1), -1};
    result.tokens[0].rank = 2;
    result.tokens[0].alternatives.push_back({5, "b", -0.5});
    result.tokens[1].chosen = {2, word.substr(1), -0.5};
    result.tokens[1].alternatives.push_back({6, " <0xFF>", -2});
    result.tokens[1].alternatives.push_back({7, "\n", -20});
    result.tokens[2].chosen = {13, ".", -0.25};
    result.words = {{word, 0, 2, -1.5, {3, 1, 0, 1, 0, 0, 0, 0, -0.5}},
                    {".", 2, 1, -0.25, std::vector<double>(9, 0.01)}};
    result.grid = 3;
    result.resolution = 8;
    result.window = 5;
    return result;
  }

 private:
  std::string name_ = "fake";
};

std::string name_of(Precision precision) {
  return precision == Precision::bf16   ? "bf16"
         : precision == Precision::int8 ? "int8"
         : precision == Precision::fp16 ? "fp16"
                                        : "fp32";
}

}  // namespace

std::unique_ptr<Captioner> load_captioner(const std::filesystem::path& folder, const ModelOptions& options) {
  if (const std::string message = environment("FAKE_LOAD_ERROR"); !message.empty()) {
    throw Error(ErrorKind::model, message, folder);
  }
  if (const std::string delay = environment("FAKE_LOAD_MS"); !delay.empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(std::stoi(delay)));
  note("load " + folder.filename().string() + " device " + options.device + " threads " +
       std::to_string(options.threads) + " precision " + name_of(options.precision));
  return std::make_unique<FakeCaptioner>();
}

Manifest import_bundle(const ImportRequest& request) {
  note("import clip " + request.clip.filename().string() + " captioner " +
       request.captioner.filename().string() + " gpt2 " +
       (request.gpt2 ? request.gpt2->filename().string() : "none") + " name " + request.name + " folder " +
       request.folder.string() + " tokenizer " +
       (request.tokenizer.empty() ? request.usual_tokenizer : request.tokenizer).string() + " activation " +
       request.activation.value_or("none") + " normalize " +
       (request.normalize ? std::to_string(static_cast<int>(*request.normalize)) : "none"));
  Manifest manifest;
  manifest.license = request.license.empty() ? "a test's" : request.license;
  return manifest;
}

PackReport optimize_bundle(const std::filesystem::path& folder, const ModelOptions& options) {
  note("pack " + folder.filename().string() + " device " + options.device + " threads " +
       std::to_string(options.threads) + " precision " + name_of(options.precision));
  return {folder / "packed.bf16", "bf16", 2500000, 1230, 50};
}

void verify_bundle(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "damaged"))
    throw Error(ErrorKind::model, "clip.pt: its SHA-256 differs", folder);
}

namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::vector<std::byte> encode_square_of(std::span<const std::byte> file_bytes, const ImageOptions&, int side,
                                        Fit) {
  return bytes_of("square of " + std::to_string(file_bytes.size()) + " bytes, side " + std::to_string(side));
}

std::vector<std::byte> encode_thumbnail_of(std::span<const std::byte> file_bytes, const ImageOptions&,
                                           int longest) {
  return bytes_of("thumbnail of " + std::to_string(file_bytes.size()) + " bytes, " + std::to_string(longest));
}

std::vector<std::byte> draw_heat_map(std::span<const double> heat, int cells, int side) {
  return bytes_of("map of " + std::to_string(heat.size()) + " in " + std::to_string(cells) + ", side " +
                  std::to_string(side));
}

std::vector<std::byte> draw_contact_sheet(std::span<const std::byte>, const ImageOptions&,
                                          const Explanation& explanation) {
  return bytes_of("sheet of " + explanation.caption.text);
}

/// Times that are easy to recognise: stage i takes i ms, and what it writes has the bytes of its image.
BenchmarkReport run_benchmark(const BenchmarkRequest& request) {
  const std::unique_ptr<Captioner> captioner = load_captioner(request.folder, request.model);
  const BenchmarkOptions& options = request.options;
  note("benchmark batch " + std::to_string(options.batch) + " beam " + std::to_string(options.decode.beam) +
       " tokens " + std::to_string(options.tokens) + " repeat " + std::to_string(options.repeat) + " peaks " +
       std::to_string(static_cast<int>(options.peaks)));
  BenchmarkReport report;
  for (const BenchmarkImage& image : request.images) {
    note("benchmark image " + image.name + " of " + std::to_string(image.file.size()) + " bytes");
    try {
      captioner->prepare(image.file, options.image);
    } catch (const Error& error) {
      throw Error(error.kind(), image.name + ": " + error.what());
    }
    request.write(image.name, {"text", {1, 2, 13}, -3, -1});
    report.tokens.push_back({1, 2, 13});
  }
  report.model = captioner->name();
  report.precision = request.model.precision;
  report.threads = 3;
  report.kernels = "none";
  if (options.peaks) report.peaks = {10, 100, 200, 0};
  report.load_ms = 12.5;
  double ms = 0;
  for (const char* name : {"decode", "resize", "encode", "map", "prefill", "step", "search", "write"}) {
    ms += 1;
    report.stages.push_back({name, {ms, ms / 2, ms * 2}, {}});
  }
  report.stages[2].work = {2e6, 4e6, 1, 2, 0.5, {}};
  report.caption_ms_per_image = {25, 24, 26};
  report.ms_per_image = {40, 38, 44};
  report.peak_bytes = 3000000;
  report.anonymous_bytes = 1000000;
  return report;
}

/// A line of each kind; FAKE_HEALTHY leaves out the one that failed.
DoctorReport run_doctor(const DoctorRequest& request) {
  load_captioner(request.folder, request.model);
  note("doctor " + std::to_string(request.images.size()) + " images, the first " + request.images.at(0).name);
  DoctorReport report;
  report.device = "cuda:0";
  report.device_name = "Fake T4";
  report.checks.push_back({"driver", CheckStatus::ok, "for CUDA 13.1"});
  report.checks.push_back({"gpu kernels", CheckStatus::skipped, "none to check"});
  report.checks.push_back({"kernel speed", CheckStatus::warning, "slow: end other programs"});
  if (environment("FAKE_HEALTHY").empty())
    report.checks.push_back({"parity fp32", CheckStatus::failed, "1 of 2: tell us"});
  report.limits.memory_gb_per_s = 250;
  report.limits.fp16_gflop_per_s = 30000;
  report.speeds = {{Precision::fp16, 1, 1, 9, 50, 100, 40}, {Precision::fp16, 8, 5, 12, 200, {}, {}}};
  return report;
}

std::string library_versions() {
  return "engine fake\n";
}

}  // namespace caption
