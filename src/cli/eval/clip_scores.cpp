#include "cli/eval/clip_scores.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/counted.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/progress.h"
#include "caption/captioner.h"
#include "caption/error.h"
#include "cli/locate_model.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "datasets/find_picture.h"
#include "embeddings/similarity.h"
#include "eval/clip_score.h"
#include "pipeline/embed.h"

namespace caption::cli {
namespace {

/// Embeddings, one after the other.
using Rows = std::vector<std::vector<float>>;

std::vector<std::filesystem::path> find_pictures(const EvalConfig& config, const Pairs& pairs) {
  std::vector<std::filesystem::path> files;
  std::vector<std::string> missing;
  for (const std::string& image : pairs.images) {
    std::optional<std::filesystem::path> file = find_picture(config.images, image);
    if (!file) missing.push_back(image);
    files.push_back(file.value_or(""));
  }
  if (missing.empty()) return files;
  throw Error(ErrorKind::usage, counted(missing.size(), "picture is", "pictures are") + " not in '" +
                                    config.images.string() +
                                    "', without which there is no CLIPScore: " + few_of(missing));
}

Rows embed_pictures(Captioner& captioner, const EvalConfig& config, const Pairs& pairs) {
  const std::vector<std::filesystem::path> files = find_pictures(config, pairs);
  Progress progress(!config.quiet && can_show_progress() ? stderr : nullptr,
                    [count = files.size()](const std::atomic<bool>&) { return count; });
  std::size_t next = 0;
  const InputSource source = [&](const std::atomic<bool>&) -> std::optional<Input> {
    if (next == files.size()) return std::nullopt;
    const std::filesystem::path& file = files[next++];
    return Input{.name = file.string(), .file = file};
  };
  Rows rows;
  const EmbeddingSink sink = [&](const EmbeddedInput& input) {
    if (input.error)
      throw Error(ErrorKind::usage, "CLIPScore needs every picture: " + std::string(input.error->what()));
    rows.emplace_back(input.embedding.begin(), input.embedding.end());
    progress.advance();
  };
  BatchOptions options;
  options.readers = config.readers;
  embed_all(captioner, source, sink, options, interrupted);
  progress.clear();
  return rows;
}

/// The embeddings of texts behind CLIPScore's prompt, each of which goes through the encoder once.
class PromptedTexts {
 public:
  PromptedTexts(Captioner& captioner, bool quiet) : captioner_(captioner), quiet_(quiet) {}

  void add(const std::string& text) {
    if (numbers_.emplace(text, texts_.size()).second) texts_.push_back(eval::kClipPrompt + text);
  }

  /// Of all that were added.
  void embed() {
    constexpr std::size_t kTogether = 64;
    Progress progress(
        !quiet_ && can_show_progress() ? stderr : nullptr,
        [count = texts_.size()](const std::atomic<bool>&) { return count; }, 0, ProgressUnit::texts);
    std::vector<std::string> cut;
    for (std::size_t first = 0; first < texts_.size(); first += kTogether) {
      const auto some = std::span(texts_).subspan(first, std::min(kTogether, texts_.size() - first));
      const TextEmbeddings found = captioner_.embed_texts(some);
      width_ = static_cast<std::size_t>(found.embeddings.width);
      values_.insert(values_.end(), found.embeddings.values.begin(), found.embeddings.values.end());
      for (const std::size_t i : found.cut) cut.push_back(some[i]);
      progress.advance(some.size());
    }
    progress.clear();
    if (cut.empty()) return;
    log::warning(counted(cut.size(), "text is", "texts are") +
                 " longer than what CLIP takes, so that CLIPScore is of the beginning: " + few_of(cut));
  }

  std::span<const float> of(const std::string& text) const {
    return std::span(values_).subspan(numbers_.at(text) * width_, width_);
  }

 private:
  Captioner& captioner_;
  bool quiet_;
  std::unordered_map<std::string, std::size_t> numbers_;
  std::vector<std::string> texts_;
  std::size_t width_ = 0;
  std::vector<float> values_;
};

ClipScores score(const Rows& pictures, const Pairs& pairs, bool second, const PromptedTexts& texts) {
  ClipScores scores;
  for (std::size_t i = 0; i < pairs.images.size(); ++i) {
    const auto caption = texts.of(second ? pairs.others[i] : pairs.captions[i].candidate);
    const double to_picture = cosine(pictures[i], caption);
    double nearest = -1;
    for (const std::string& reference : pairs.captions[i].references)
      nearest = std::max(nearest, cosine(caption, texts.of(reference)));
    scores.clip_score.push_back(eval::clip_score(to_picture));
    scores.ref_clip_score.push_back(eval::ref_clip_score(to_picture, nearest));
  }
  return scores;
}

}  // namespace

std::vector<ClipScores> clip_scores(const EvalConfig& config, const Pairs& pairs) {
  // Static, because `leave` then spares us giving back a model's memory page by page.
  static const std::unique_ptr<Captioner> captioner =
      load_captioner(locate_model(*config.clip_model), config.model_options);
  PromptedTexts texts(*captioner, config.quiet);
  for (const eval::Captions& captions : pairs.captions) {
    texts.add(captions.candidate);
    for (const std::string& reference : captions.references) texts.add(reference);
  }
  for (const std::string& other : pairs.others) texts.add(other);
  texts.embed();  // first, as a model without a text side is known at once then
  const Rows pictures = embed_pictures(*captioner, config, pairs);
  std::vector<ClipScores> scores = {score(pictures, pairs, false, texts)};
  if (!pairs.others.empty()) scores.push_back(score(pictures, pairs, true, texts));
  return scores;
}

}  // namespace caption::cli
