#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "caption/api.h"
#include "caption/error.h"
#include "caption/options.h"

namespace caption {

/// A picture on its way into the model whose captioner has prepared it.
struct Picture {
  struct Image;  ///< decoded, and resized unless the model's device does that; or encoded
  std::shared_ptr<const Image> image;  ///< copies share it
  std::vector<std::byte> thumbnail;    ///< the whole picture, upright, as a small JPEG, if it was asked for
  bool truncated = false;              ///< a part of it was missing in its file
  bool preview = false;                ///< it is the preview in a camera's raw data
};

/// How a caption ended: with the model's stop token or a stop text, or because it had as many tokens as it
/// may.
enum class Finish { stop, length };

/// One caption of one image.
struct Caption {
  std::string text;  ///< UTF-8, prompt included, no white space at its ends, no special tokens
  std::vector<std::int32_t> tokens;  ///< behind the prompt; with the stop token, if it was reached
  double score = 0;                  ///< sum of the tokens' log-probabilities (natural logarithm)
  double mean_logprob = 0;           ///< score / number of tokens
  bool unsure = false;               ///< mean_logprob is below what the model's makers found to be reliable
  std::optional<std::string> guess;  ///< the longer caption in whose place it stands: of Unsure::plain
  std::optional<Finish> finish;      ///< nothing for a text that was given
  bool repetition = false;           ///< it says the same words again and again
  bool only_prompt = false;          ///< nothing came behind the prompt
  std::optional<double> similarity;  ///< cosine of CLIP's embeddings of picture and text: of Rerank::clip
};

/// Captions of one image that was scheduled.
struct ScheduledCaptions {
  std::size_t image;              ///< the number it was added under
  std::vector<Caption> captions;  ///< n_best, best first
};

/// Captions of images that come one after the other. Those that were admitted go through the model together;
/// as soon as one has its captions, another takes its place, so that short captions do not wait for long
/// ones. An image's captions do not depend on the others. For one thread at a time.
class CAPTION_API CaptionScheduler {
 public:
  virtual ~CaptionScheduler() = default;
  /// How many more images it admits now.
  virtual std::size_t room() const = 0;
  /// Admits an image, if there is room, under a number that is nobody else's at the moment.
  virtual void add(std::size_t number, Picture picture) = 0;
  /// Whether no image is in it.
  virtual bool idle() const = 0;
  /// Goes one step further with the images that are in it. -> those that have their captions now, which leave
  virtual std::vector<ScheduledCaptions> advance() = 0;
};

/// What the image encoder makes of pictures.
struct Embeddings {
  std::int64_t width = 0;     ///< D
  std::vector<float> values;  ///< [B, D], as the encoder gives them: their length is whatever it is
};

/// What CLIP's text encoder makes of texts.
struct TextEmbeddings {
  Embeddings embeddings;
  std::vector<std::size_t> cut;  ///< texts that are longer than what it takes, whose ends are left out
};

/// A token of a text, and how likely it was.
struct ScoredToken {
  std::int32_t id = 0;
  std::string text;  ///< UTF-8, with the space that it may begin with; a byte that is no character as <0xNN>
  double logprob = 0;  ///< natural logarithm, given the picture and the tokens before it
};

/// A text as a caption of a picture.
struct ScoredText {
  std::string text;
  std::vector<ScoredToken> tokens;  ///< with the stop token, if that is none that stands for text
  double score = 0;                 ///< sum of their log-probabilities
  double mean_logprob = 0;          ///< score / number of tokens
};

struct Explanation;     // see caption/explanation.h
struct ExplainOptions;  // likewise

/// A loaded model, made by `load_captioner`. Its schedulers refer to it and must not outlive it. Several
/// threads may call `prepare`; everything else is for one thread at a time.
class CAPTION_API Captioner {
 public:
  virtual ~Captioner() = default;

  /// The bundle's name, as in its model.json.
  virtual const std::string& name() const = 0;

  /// Decodes and turns upright one image file's bytes; resizes, crops and normalises them, unless the model's
  /// device does that. For this captioner only. Safe to call from several threads. Throws Error of a kind
  /// that concerns one image.
  virtual Picture prepare(std::span<const std::byte> file_bytes, const ImageOptions& options) const = 0;

  /// An empty scheduler, which refers to this captioner. Throws Error(usage) if the options do not fit the
  /// model.
  virtual std::unique_ptr<CaptionScheduler> schedule(const DecodeOptions& options,
                                                     const BatchSizes& sizes) = 0;

  /// Captions of B pictures, n_best each, best first: all of them together. Throws
  /// Error(usage) if the options do not fit the model.
  std::vector<std::vector<Caption>> caption(std::vector<Picture> pictures, const DecodeOptions& options);
  /// Likewise, as many at a time as the sizes say.
  std::vector<std::vector<Caption>> caption(std::vector<Picture> pictures, const DecodeOptions& options,
                                            const BatchSizes& sizes);

  /// The embeddings of B pictures, at least one, which go through the encoder together.
  virtual Embeddings embed(std::span<const Picture> pictures) = 0;

  /// Whether the model has CLIP's text side. It is loaded when it is first asked for, and runs on the CPU.
  virtual bool embeds_texts() const = 0;
  /// The embeddings of texts, at least one, in the order of the texts: to be compared with those of pictures
  /// by their cosines. Throws Error(usage) if the model has no text side, or for a text that is not UTF-8.
  virtual TextEmbeddings embed_texts(std::span<const std::string> texts) = 0;

  /// How likely the model finds texts as captions of a picture: in the order of the texts. Throws
  /// Error(usage) for a text that is empty, not UTF-8 or longer than what the model's positions allow.
  virtual std::vector<ScoredText> score(const Picture& picture, std::span<const std::string> texts) = 0;

  /// Which words of a picture's best caption, or of a given text, came from where, and what else could have
  /// stood there. One call at a time. Throws Error(usage) if the options or the text do not fit the model.
  virtual Explanation explain(const Picture& picture, const DecodeOptions& options,
                              const ExplainOptions& explanation) = 0;
};

/// Loads the bundle in `folder` and checks every tensor. Throws Error(model).
CAPTION_API std::unique_ptr<Captioner> load_captioner(const std::filesystem::path& folder,
                                                      const ModelOptions& options);

}  // namespace caption
