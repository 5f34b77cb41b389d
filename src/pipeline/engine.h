#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "caption/captioner.h"

namespace caption {

/// What `caption models import` asks for: published files -> a bundle.
struct ImportRequest {
  std::filesystem::path clip;                 ///< CLIP archive or state_dict
  std::filesystem::path captioner;            ///< ClipCap checkpoint, or a mapper alone
  std::optional<std::filesystem::path> gpt2;  ///< GPT-2's weights, if the captioner has none
  std::string name;                           ///< of the bundle
  std::filesystem::path folder;               ///< to be made: its parent exists or is made too
  std::filesystem::path tokenizer;            ///< folder that holds encoder.json and vocab.bpe
  std::optional<std::string> activation;      ///< "quick_gelu" or "gelu"; needed where the file does not tell
  std::optional<bool> normalize;              ///< L2-normalise the embedding; default: by the mapper's kind
};

/// The part of the program that needs LibTorch and OpenCV, in a shared library of its own, so that `--help` does not
/// pay for loading them. A table of functions, because it is opened at run time.
struct Engine {
  std::unique_ptr<Captioner> (*load_captioner)(const std::filesystem::path& folder, const ModelOptions& options);
  /// Checks the files and the pair, loads them once and writes the bundle; nothing is left behind if it fails.
  void (*import_bundle)(const ImportRequest& request);
  /// Compares every file of a bundle with its size and sha256. Throws Error(model) naming the file that differs.
  void (*verify_bundle)(const std::filesystem::path& folder);
  /// Versions of the libraries and the instruction sets in use, "name value" lines.
  std::string (*versions)();
};

}  // namespace caption

/// The library's one entry point.
extern "C" const caption::Engine* caption_engine();
