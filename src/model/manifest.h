#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caption {

/// A bundle's model.json: what its files are and how they belong together. Field for field the same as the
/// JSON, whose format is described in models/README.md.
struct Manifest {
  static constexpr int kFormat = 6;
  static constexpr int kOldestFormat = 1;  ///< which knew CLIP's encoders only: no `image.fit`, no
                                           ///< `encoder.output`; 2 had no `no_repeat_ngram`, 3 no `text`,
                                           ///< 4 one stop token, GPT-2s of one kind, 5 no SigLIP, no
                                           ///< `image.resample`, no `unsure_prompt`

  struct Image {
    std::int64_t resolution = 0;  ///< R
    std::string fit;              ///< "crop" (the square in the middle) or "stretch"
    std::string resample;         ///< "bicubic" or "bilinear"
    std::array<double, 3> mean{};
    std::array<double, 3> std{};
  };
  struct Encoder {
    std::string file;
    std::string kind;    ///< "vit", "resnet", "efficientnet-lite" or "siglip"
    std::string output;  ///< "embedding" (CLIP's and SigLIP's), "features", "classes" or "classes+features"
    std::int64_t embedding = 0;  ///< D
    std::string activation;      ///< "quick_gelu", "gelu" or "gelu_tanh"; of an EfficientNet "relu6"
  };
  struct Mapper {
    std::string file;
    std::string kind;                ///< "mlp", "transformer" or "linear"
    std::int64_t prefix_length = 0;  ///< P
    bool normalize = false;          ///< the mapper was trained on L2-normalised embeddings
    std::int64_t heads = 0;          ///< of a transformer's attention; of others without meaning
  };
  struct LanguageModel {
    std::string file;
    std::int64_t width = 0;       ///< E
    std::int64_t layers = 0;      ///< L
    std::int64_t heads = 0;       ///< of attention
    std::string activation;       ///< "gelu_new" (GPT-2's, by tanh) or "gelu"
    std::int64_t vocabulary = 0;  ///< V, of the weights: rows that the tokenizer does not know are padding
    std::int64_t context = 0;
  };
  struct TokenizerFiles {
    std::string kind;  ///< "gpt2-bpe", "tokenizer-json" or "sentencepiece"
    std::map<std::string, std::string>
        files;                ///< role -> file: "vocabulary" and "merges", "tokenizer" or "model"
    bool lower_case = false;  ///< texts become small letters before they become tokens
  };
  /// CLIP's text side, in the encoder's file.
  struct Text {
    std::string merges;      ///< file of its tokenizer
    std::string activation;  ///< "quick_gelu" or "gelu"
    std::int64_t width = 0;
    std::int64_t layers = 0;
    std::int64_t vocabulary = 0;
    std::int64_t context = 0;  ///< tokens of a text at most
  };
  struct Stop {
    std::vector<std::int64_t> tokens;  ///< each of which ends a caption
    std::vector<std::string>
        texts;  ///< likewise, wherever in tokens they begin and end; of both at least one
    std::int64_t max_tokens = 0;
  };
  struct File {
    std::string name;
    std::uint64_t bytes = 0;
    std::string sha256;  ///< 64 lower-case hexadecimal digits
  };

  std::string name;
  std::string description;
  Image image;
  Encoder encoder;
  Mapper mapper;
  LanguageModel language_model;
  TokenizerFiles tokenizer;
  std::optional<Text> text;  ///< nothing: there is none, or the import could not use it
  Stop stop;
  std::int64_t no_repeat_ngram = 0;  ///< DecodeOptions::no_repeat_ngram where none is asked for
  std::optional<double>
      unsure_below;  ///< the mean_logprob below which captions were wrong at least as often as right
  std::string
      unsure_prompt;  ///< what captions that say less begin with, and no others; empty: there are none
  std::vector<File> files;
  std::string origin;
  std::string license;
};

/// Reads FOLDER/model.json; every field is required, unknown ones are errors, file names may not leave the
/// folder. Throws Error(model) that names the field, expected and actual.
Manifest read_manifest(const std::filesystem::path& folder);
/// The text of a model.json.
std::string to_json(const Manifest& manifest);

}  // namespace caption
