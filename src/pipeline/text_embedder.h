#pragma once

#include <memory>
#include <span>
#include <string>

#include "caption/captioner.h"
#include "model/manifest.h"
#include "model/text_side.h"
#include "pipeline/captioner.h"

namespace caption {

/// CLIP's text side of a model, which is loaded when it is first used: most captions need none.
class TextEmbedder {
 public:
  explicit TextEmbedder(TextSource source) : source_(std::move(source)) {}

  /// Loads it. Throws as load_text_side.
  void load(const Manifest& manifest);
  /// Captioner::embed_texts of the model that `manifest` is of.
  TextEmbeddings embed(const Manifest& manifest, std::span<const std::string> texts);

 private:
  TextSource source_;
  std::unique_ptr<TextSide> side_;
};

}  // namespace caption
