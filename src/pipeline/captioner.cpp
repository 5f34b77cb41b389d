#include "pipeline/captioner.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "caption/error.h"
#include "decode/score_texts.h"
#include "explain/explain.h"
#include "image/open_modules.h"
#include "kernels/parallel.h"
#include "pipeline/captioner.h"
#include "pipeline/device.h"
#include "pipeline/picture.h"
#include "pipeline/plain.h"
#include "pipeline/rerank.h"
#include "pipeline/text_embedder.h"
#include "pipeline/way.h"
#include "pipeline/word_forms.h"
#include "text/words.h"

namespace caption {
namespace {

class EngineCaptioner : public Captioner {
 public:
  EngineCaptioner(std::unique_ptr<Engine> engine, TextSource text)
      : engine_(std::move(engine)), texts_(std::move(text)) {}

  const std::string& name() const override { return engine_->manifest().name; }

  Picture prepare(std::span<const std::byte> file_bytes, const ImageOptions& options) const override {
    if (options.embedding) return encoded_picture(embedding_of_bytes(file_bytes));
    RgbImage image = decode(file_bytes, options);  // file bytes -> RGB [height, width, 3], upright
    std::vector<std::byte> thumbnail;
    if (options.thumbnail > 0) thumbnail = opencv_library().encode_thumbnail(image, options.thumbnail);
    const bool truncated = image.truncated;
    const bool preview = image.preview;
    Picture picture = engine_->prepare(std::move(image));  // RGB -> pixels [3, R, R]
    picture.truncated = truncated;
    picture.preview = preview;
    picture.thumbnail = std::move(thumbnail);
    return picture;
  }

  std::unique_ptr<CaptionScheduler> schedule(const DecodeOptions& asked, const BatchSizes& sizes) override {
    validate(sizes);
    if (asked.rerank == Rerank::clip) return schedule_reranking(asked, sizes);
    if (says_less(asked)) return schedule_plain(asked, sizes);
    DecodeOptions worded = asked;
    // A model that has learnt plain captions finds them the likeliest of all: it says them when it is asked.
    if (const std::string& plain = engine_->manifest().unsure_prompt; !plain.empty() && asked.prompt.empty())
      worded.banned.push_back(plain);
    const Wording wording = wording_of(worded, engine_->tokenizer(), stop_tokens(asked));
    // pixels [B, 3, R, R] -> embedding [B, D] -> prefix [B, P, E] -> token ids, as images come and go
    DecodeOptions search = resolve(asked, wording.prompt.size());
    const StopRule stop = stop_rule(search, wording.prompt);
    // All beams, as of several captions those that differ in tokens alone are one.
    if (!asked.sample && asked.n_best > 1 && asked.n_best < asked.beam) search.n_best = asked.beam;
    std::unique_ptr<PictureSearches> searches = engine_->searches({stop, wording, search, sizes});
    const Described by{engine_->tokenizer(), stop, wording.prompt, engine_->manifest().unsure_below};
    // token ids -> texts
    const Describe distinct =
        [by, most = static_cast<std::size_t>(asked.n_best)](std::vector<Hypothesis> found) {
          return describe_distinct(by, std::move(found), most);
        };
    const Describe drawn = [by](std::vector<Hypothesis> found) {
      std::vector<Caption> captions;
      for (Hypothesis& hypothesis : found) captions.push_back(describe(by, std::move(hypothesis)));
      return captions;
    };
    return make_scheduler(std::move(searches), asked.sample ? drawn : distinct, sizes);
  }

  Embeddings embed(std::span<const Picture> pictures) override {
    if (pictures.empty()) throw Error(ErrorKind::internal, "embeddings of no picture");
    const Tensor encoded = stack_embeddings(pictures);
    const Tensor embedding = (encoded.defined() ? encoded : engine_->embed(pictures)).contiguous();  // [B, D]
    return {embedding.size(1), {embedding.data(), embedding.data() + embedding.numel()}};
  }

  bool embeds_texts() const override { return engine_->manifest().text.has_value(); }

  TextEmbeddings embed_texts(std::span<const std::string> texts) override {
    return texts_.embed(engine_->manifest(), texts);
  }

  std::vector<ScoredText> score(const Picture& picture, std::span<const std::string> texts) override {
    if (texts.empty()) return {};
    std::vector<std::vector<std::int32_t>> tokens;
    for (const std::string& text : texts) tokens.push_back(given(text).tokens);
    const Pixels pixels = pixels_of(picture, pixel_format(engine_->manifest().image));
    const std::unique_ptr<StepFunction> model = engine_->language_model({&pixels, 1});
    const std::vector<std::vector<float>> scores = score_texts(*model, tokens);
    std::vector<ScoredText> scored;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      ScoredText& one = scored.emplace_back();
      one.text = texts[i];
      for (std::size_t t = 0; t < tokens[i].size(); ++t) {
        const std::string piece = readable(engine_->tokenizer().piece(tokens[i][t]).bytes);
        one.tokens.push_back({tokens[i][t], piece, static_cast<double>(scores[i][t])});
        one.score += one.tokens.back().logprob;
      }
      one.mean_logprob = one.score / static_cast<double>(one.tokens.size());
    }
    return scored;
  }

  Explanation explain(const Picture& picture, const DecodeOptions& options,
                      const ExplainOptions& explanation) override {
    if (!options.prompt.empty())
      throw Error(ErrorKind::usage, "a caption behind a prompt cannot be explained: give its text instead");
    DecodeOptions in_full = options;
    in_full.unsure = Unsure::keep;
    Caption caption = explanation.text ? given(*explanation.text)
                                       : std::move(this->caption({picture}, in_full).at(0).at(0));
    const auto start = [this](std::span<const Pixels> versions) { return engine_->language_model(versions); };
    const Pixels pixels = pixels_of(picture, pixel_format(engine_->manifest().image));
    return explain_caption({pixels, std::move(caption), options.temperature}, engine_->tokenizer(), start,
                           explanation);
  }

 private:
  /// An embedding that this model takes.
  std::vector<float> embedding_of_bytes(std::span<const std::byte> bytes) const {
    const Manifest& model = engine_->manifest();
    std::vector<float> embedding(bytes.size() / sizeof(float));
    std::memcpy(embedding.data(), bytes.data(), embedding.size() * sizeof(float));
    if (static_cast<std::int64_t>(embedding.size()) != model.encoder.embedding) {
      throw Error(ErrorKind::usage, "an embedding has " + std::to_string(embedding.size()) +
                                        " numbers: those of the model '" + name() + "' have " +
                                        std::to_string(model.encoder.embedding));
    }
    double squares = 0;
    for (const float value : embedding) squares += static_cast<double>(value) * static_cast<double>(value);
    // CLIP's own are ten times as long, and SigLIP's are not of the length 1 either. Another kind of encoder
    // gives the length 1 itself.
    const bool divided = std::abs(squares - 1) < 1e-4 && model.encoder.kind != "efficientnet-lite";
    if (divided && !model.mapper.normalize) {
      throw Error(ErrorKind::usage,
                  "an embedding has the length 1: the model '" + name() +
                      "' takes embeddings as its encoder gives them, not divided by their length");
    }
    return embedding;
  }

  std::vector<std::int32_t> stop_tokens() const {
    std::vector<std::int32_t> tokens;
    for (const std::int64_t token : engine_->manifest().stop.tokens)
      tokens.push_back(static_cast<std::int32_t>(token));
    return tokens;
  }

  std::vector<std::int32_t> stop_tokens(const DecodeOptions& options) const {
    return options.past_stop ? std::vector<std::int32_t>() : stop_tokens();
  }

  StopRule stop_rule(const DecodeOptions& options, std::span<const std::int32_t> prompt) const {
    const auto bytes = [this](std::int32_t token) { return engine_->tokenizer().piece(token).bytes; };
    return make_stop_rule(stop_tokens(options), options.stop, bytes, prompt);
  }

  std::unique_ptr<CaptionScheduler> schedule_reranking(DecodeOptions options, const BatchSizes& sizes) {
    texts_.load(engine_->manifest());
    options.rerank = Rerank::no;
    const auto kept = static_cast<std::size_t>(options.n_best);
    if (!options.sample) options.n_best = std::max(options.n_best, options.beam);
    return make_reranking(
        schedule(options, sizes),
        {.of_pictures = [this](std::span<const Picture> pictures) { return embed(pictures); },
         .of_texts = [this](std::span<const std::string> texts) { return embed_texts(texts); }},
        kept);
  }

  bool says_less(const DecodeOptions& options) const {
    const Manifest& model = engine_->manifest();
    return options.unsure == Unsure::plain && model.unsure_below && !model.unsure_prompt.empty() &&
           options.n_best == 1 && !options.sample && options.prompt.empty() && options.required.empty();
  }

  std::unique_ptr<CaptionScheduler> schedule_plain(DecodeOptions options, const BatchSizes& sizes) {
    options.unsure = Unsure::keep;
    std::unique_ptr<CaptionScheduler> detailed = schedule(options, sizes);
    options.prompt = engine_->manifest().unsure_prompt;
    return make_plain(
        std::move(detailed), schedule(options, sizes),
        [this](std::span<const Picture> pictures) { return embed(pictures); },
        static_cast<std::size_t>(sizes.decode_batch));
  }

  /// The options with the model's own values in place of "as the model says", behind so many tokens of a
  /// prompt.
  DecodeOptions resolve(DecodeOptions options, std::size_t prompt) const {
    if (options.max_tokens == 0) options.max_tokens = static_cast<int>(engine_->manifest().stop.max_tokens);
    const std::vector<std::string>& texts = engine_->manifest().stop.texts;
    if (!options.past_stop) options.stop.insert(options.stop.end(), texts.begin(), texts.end());
    const std::int64_t most = engine_->most_tokens() - static_cast<std::int64_t>(prompt);
    if (!options.no_repeat_ngram)  // longer ones do not fit into a caption
      options.no_repeat_ngram =
          static_cast<int>(std::min(engine_->manifest().no_repeat_ngram, engine_->most_tokens() + 1));
    if (options.max_tokens < 0 || options.max_tokens > most) {
      throw Error(ErrorKind::usage, "at most " + std::to_string(options.max_tokens) + " tokens: the model '" +
                                        name() + "' takes 1 to " + std::to_string(most) +
                                        (prompt == 0 ? " (its positions less the prefix)"
                                                     : " (its positions less the prefix and the prompt)"));
    }
    return options;
  }

  /// A text as if the model had written it; its score is not known yet.
  Caption given(const std::string& text) const {
    Caption caption{text, engine_->tokenizer().encode(text)};
    if (caption.tokens.empty()) throw Error(ErrorKind::usage, "a text is empty");
    // A stop token that is text, as GPT-2's ".", is the writer's business.
    for (const std::int32_t stop : stop_tokens()) {
      if (!engine_->tokenizer().piece(stop).special) continue;
      caption.tokens.push_back(stop);
      break;
    }
    const auto count = static_cast<std::int64_t>(caption.tokens.size());
    if (count > engine_->most_tokens()) {
      throw Error(ErrorKind::usage, "a text has " + std::to_string(count) + " tokens: the model '" + name() +
                                        "' takes at most " + std::to_string(engine_->most_tokens()));
    }
    return caption;
  }

  std::unique_ptr<Engine> engine_;
  TextEmbedder texts_;
};

/// The text side runs on the CPU, whatever the image encoder does.
CpuCompute text_compute(Precision precision) {
  return cpu_compute(precision == Precision::fp16 ? Precision::fp32 : precision);
}

}  // namespace

std::unique_ptr<Captioner> make_captioner(std::unique_ptr<Engine> engine, TextSource text) {
  return std::make_unique<EngineCaptioner>(std::move(engine), std::move(text));
}

std::unique_ptr<Captioner> load_captioner(const std::filesystem::path& folder, const ModelOptions& options) {
  set_threads(options.threads);
  return make_captioner(open_engine(folder, options), {folder, text_compute(options.precision)});
}

}  // namespace caption
