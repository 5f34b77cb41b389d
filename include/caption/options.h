#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace caption {

/// In which type matrices are kept and multiplied. Everything else is fp32: embeddings, norms, attention, the
/// key/value cache. Each type has one defined result, whatever the batch and the threads, and whatever the
/// processor; only bf16 has another one on processors with AMX.
enum class Precision {
  fp32,  ///< exact: the reference's token ids
  /// weights and activations are rounded to 11 significant bits; sums, norms, softmax and log-probabilities
  /// are fp32. GPU only.
  fp16,
  /// weights and what they multiply are rounded to 8 significant bits, sums are fp32: half the memory and,
  /// with many images, up to twice the speed on processors with AVX512_BF16 and three times with AMX; a
  /// caption may differ where two were nearly equal. GPUs without bf16 instructions (a T4) are slow with it
  bf16,
  /// weights are rounded to 255 levels per output, what they multiply to 255 levels (ViT, GPT-2's blocks) or
  /// 65,535 (mapper, output layer) per row, sums are exact: a quarter of the memory; captions differ more
  /// often. A ResNet stays bf16. CPU only.
  int8,
  /// fp16 on a GPU; bf16 on processors with AVX2, where it is never slower than fp32; else fp32
  automatic,
};

/// How a model is loaded.
struct ModelOptions {
  /// Where it runs: "auto" (a GPU if the installation has what it takes and the model fits, else the CPU),
  /// "cpu", "cuda" or "cuda:N".
  std::string device = "auto";
  Precision precision = Precision::fp32;
  /// Worker threads for the arithmetic; 0 is one per core that this process may use.
  int threads = 0;
  /// Told why "auto" does not take a GPU that the installation is meant for, and why a GPU is used less well
  /// than it could be; or nothing.
  std::function<void(const std::string&)> note;
};

/// Whether pictures of other formats than JPEG and PNG are decoded in a box: in processes of their own that
/// can open no connections, and no files but, for drawings, the system's fonts, to read them; with limits of
/// memory and time. Their end costs one picture.
enum class Sandbox {
  automatic,  ///< where the system permits it
  on,         ///< or it is an error
  off,
};

/// How an image file's bytes become pixels.
struct ImageOptions {
  /// Images with more pixels (width x height, in megapixels) are refused before they are decoded.
  /// Raise it for scans and panoramas.
  double max_megapixels = 100;
  /// Whether a JPEG of which the end is missing is a picture all the same, with grey in its place.
  bool accept_truncated = false;
  /// Whether a picture with an ICC profile is converted to sRGB. CLIP's own pipeline, with which the
  /// published models were trained, does not.
  bool color_managed = false;
  /// Nothing of a picture depends on it. Each thread that decodes such pictures has one process at most,
  /// which ends with it.
  Sandbox sandbox = Sandbox::automatic;
  /// Which picture of an animation or of a file of several pages, from 0 on. One that is not there is an
  /// error of that image.
  int frame = 0;
  /// Whether SVG drawings are read, too. They are drawn for this: nothing that they refer to is opened.
  bool svg = false;
  /// Whether the bytes are no image file, but the picture's embedding: D fp32 numbers in this machine's
  /// order, as the encoder gives them. Nothing else of the options counts then.
  bool embedding = false;
  /// Longest side, in pixels, of the small picture that is made beside the pixels, for a report; 0 makes
  /// none.
  int thumbnail = 0;
};

/// How many images go through a model at a time. On the CPU a caption does not depend on it; speed and memory
/// do.
struct BatchSizes {
  /// Images that the image encoder takes together at most. More than this many gain little.
  int encode_batch = 8;
  /// Images whose captions are written together at most: as one ends, another can begin. Each costs `beam`
  /// rows of a decoding step and their keys and values. The weights are read once for all of them, so more
  /// are faster, up to some 30 rows.
  int decode_batch = 16;
};
inline constexpr int kMostImagesTogether = 4096;  ///< of either

/// Bounds of DecodeOptions' values.
inline constexpr int kMostHypotheses = 1000;  ///< for the beam width and for n-best
inline constexpr double kLowestTemperature = 0.001;
inline constexpr double kHighestTemperature = 1000;
inline constexpr double kHighestLengthPenalty = 10;
inline constexpr int kMostStopTexts = 64;
inline constexpr int kMostStopTextBytes = 1024;  ///< of all texts together
inline constexpr double kHighestRepetitionPenalty = 100;
inline constexpr int kMostBannedTexts = 10000;
inline constexpr int kMostRequiredTexts = 32;
inline constexpr double kHighestDiversityPenalty = 1000;

/// What captions are ordered by once they are found.
enum class Rerank {
  no,    ///< what they were searched for by
  clip,  ///< the cosine of CLIP's embeddings of picture and caption, for models that have CLIP's text side
};

/// What is said of a picture whose caption is unsure, where the model has a prompt for that (model.json).
enum class Unsure {
  plain,  ///< a caption behind that prompt, which says less ("A photo of an animal outdoors."), if one
          ///< caption of a picture is searched for, without a prompt or required words
  keep,  ///< what it would be without this
};

/// How a caption is searched for. The defaults are the published advice: beam search of width 5.
struct DecodeOptions {
  /// Width of the beam search; 1 is greedy. Ignored when sampling.
  int beam = 5;
  /// Captions returned per image, best first; at most `beam` unless sampling, and fewer where beams differ in
  /// no text.
  int n_best = 1;
  /// A caption that has not met the stop token ends after so many tokens; at most what the model's positions
  /// allow. 0 takes the model's own limit: 67 for the published ones.
  int max_tokens = 0;
  /// The model's stop tokens cannot come before a caption has so many tokens; at most `max_tokens`. The other
  /// tokens' probabilities stay as they are. A text of `stop` ends a caption all the same. 0 sets no minimum.
  /// transformers' min_new_tokens.
  int min_tokens = 0;
  /// No sequence of so many tokens comes twice in a caption; the other tokens' probabilities stay as they
  /// are. 0 forbids none. Without a value the model says it (model.json); the published ones forbid none.
  /// transformers' no_repeat_ngram_size.
  std::optional<int> no_repeat_ngram;
  /// Makes tokens that the caption has already, those of the prompt among them, less likely: above 0, 1
  /// changes nothing, below 1 makes them likelier. With a beam of 1 and in sampling their logits are divided
  /// by it if positive, else multiplied, before the softmax; with wider beams it multiplies their
  /// log-probabilities behind it. Scores count what was changed. transformers' repetition_penalty.
  double repetition_penalty = 1.0;
  /// Texts that a caption cannot contain, as transformers' bad_words_ids: no sequence of tokens comes that
  /// stands for one of them, as it is written, in small letters or with a large first letter, each with a
  /// space before it or without. Other words that contain one ("cats", "category") are no such sequence; the
  /// other tokens' probabilities stay as they are. UTF-8, none blank, at most kMostBannedTexts.
  std::vector<std::string> banned;
  /// Words that every caption contains, each as a word of its own: as it is written, in small letters or with
  /// a large first letter. The best captions that do are searched for, with places in the beam for those that
  /// have some of the words already (lexically constrained beam search, Post and Vilar, 2018). UTF-8, none
  /// blank, at most kMostRequiredTexts; for a beam of at least 2, in one group.
  std::vector<std::string> required;
  /// Groups that the beam is divided into evenly, for captions that differ: in the order of the groups, each
  /// step makes tokens less likely that the groups before have just taken. 1 is the published search.
  /// transformers' num_beam_groups.
  int beam_groups = 1;
  /// With several groups: what a token's log-probability loses for every beam of the groups before that has
  /// just taken it. Scores count it. transformers' diversity_penalty.
  double diversity_penalty = 0.5;
  /// What captions begin with, UTF-8; the model continues it. It is part of a caption's text, and counts for
  /// `no_repeat_ngram`, `repetition_penalty`, `banned` and `stop`, but neither for `max_tokens` and
  /// `min_tokens` nor for scores, which are of what the model adds. White space at its end is left out: words
  /// bring theirs.
  std::string prompt;
  /// Whether the model's stop tokens are tokens like any other, and its stop texts texts: a caption goes on
  /// until it has `max_tokens` or one of the `stop` texts. transformers' eos_token_id=None.
  bool past_stop = false;
  /// Texts that end a caption beside the model's stop tokens and texts, each as soon as the caption contains
  /// it: with the token that completes it, and with what that token brings beyond. They are looked for in the
  /// bytes of the caption's tokens as the model writes them, in which most words begin with a space, the
  /// first one too; a published caption has lost its outer spaces. UTF-8, none empty, at most kMostStopTexts
  /// of kMostStopTextBytes together. transformers' stop_strings.
  std::vector<std::string> stop;
  /// Divides the logits before the softmax.
  double temperature = 1.0;
  /// Draw tokens at random instead of searching.
  bool sample = false;
  /// Sampling keeps only the k likeliest tokens; 0 keeps all.
  int top_k = 0;
  /// Sampling keeps the likeliest tokens that together have this probability, in (0, 1]; 1 keeps all.
  double top_p = 1.0;
  /// Start of the random numbers. Every image draws from a sequence of its own that starts here, so a caption
  /// does not depend on what else is in the run.
  std::uint64_t seed = 0;
  /// Beams are ranked by log-probability / length^length_penalty; 1 is the published ranking, below 1 favours
  /// short captions, above 1 long ones.
  double length_penalty = 1.0;
  /// With `clip`, all beams' captions are candidates for the `n_best`; when sampling, the `n_best` drawn
  /// ones.
  Rerank rerank = Rerank::no;
  Unsure unsure = Unsure::plain;
};

}  // namespace caption
