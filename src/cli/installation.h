#pragma once

#include <filesystem>

namespace caption::cli {

/// Where the program's parts are, relative to the program itself, so that the tree can be moved:
/// PREFIX/bin/caption, PREFIX/share/caption/models.
struct Installation {
  std::filesystem::path models;     ///< the models that come with the program
  std::filesystem::path tokenizer;  ///< GPT-2's encoder.json and vocab.bpe
  std::filesystem::path merges;     ///< CLIP's tokenizer
  std::filesystem::path published;  ///< the table of published models
};

/// The installation that the running program belongs to. Throws Error(internal).
Installation find_installation();

}  // namespace caption::cli
