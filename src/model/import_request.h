#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace caption {

/// What `caption models import` and `fetch` ask for: published files -> a bundle.
struct ImportRequest {
  std::filesystem::path clip;                 ///< CLIP archive or state_dict
  std::filesystem::path captioner;            ///< ClipCap checkpoint, or a mapper alone
  std::optional<std::filesystem::path> gpt2;  ///< GPT-2's weights, if the captioner has none
  std::string name;                           ///< of the bundle
  std::filesystem::path folder;               ///< to be made: its parent exists or is made too
  std::filesystem::path tokenizer;           ///< a file or a folder, as find_tokenizer takes them; empty: the
                                             ///< one beside `gpt2`, or else `usual_tokenizer`
  std::filesystem::path usual_tokenizer;     ///< folder that holds GPT-2's encoder.json and vocab.bpe
  std::optional<std::int64_t> heads;         ///< of GPT-2's attention; nothing: as its configuration says, or
                                             ///< else one for 64 channels
  std::optional<std::int64_t> mapper_heads;  ///< of a transformer mapper's; nothing: as its file says
  std::vector<std::string> stop_tokens;      ///< that end captions, as numbers or as they are written
  std::vector<std::string> stop_texts;       ///< likewise; with neither: GPT-2's "."
  std::filesystem::path merges;              ///< CLIP's tokenizer: models/clip/merges.txt
  std::optional<std::string> activation;  ///< "quick_gelu", "gelu" or "gelu_tanh"; needed where no file tells
  std::optional<bool> normalize;          ///< L2-normalise the embedding; default: by the mapper's kind
  std::filesystem::path published;        ///< models/published.json, which knows files by their hash
  std::string origin;   ///< where the files come from; empty: what their names and hashes tell
  std::string license;  ///< their terms; empty: what is published of those that are known by their hash
  bool own_captioner = false;                    ///< the captioner's file was made here: it has no publishers
  std::vector<std::filesystem::path> give_away;  ///< of the weight files those that are linked if possible,
                                                 ///< not copied, as nobody else will use them
};

}  // namespace caption
