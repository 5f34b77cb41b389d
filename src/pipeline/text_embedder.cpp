#include "pipeline/text_embedder.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "caption/error.h"

namespace caption {
namespace {

/// Texts that go through the encoder together: more gain little, and each costs its activations.
constexpr std::size_t kTogether = 32;

}  // namespace

void TextEmbedder::load(const Manifest& manifest) {
  if (!side_) side_ = load_text_side(source_.folder, manifest, source_.compute);
}

TextEmbeddings TextEmbedder::embed(const Manifest& manifest, std::span<const std::string> texts) {
  if (texts.empty()) throw Error(ErrorKind::internal, "embeddings of no text");
  load(manifest);
  const auto most = static_cast<std::size_t>(side_->encoder.sizes().context);
  TextEmbeddings result;
  result.embeddings.width = side_->encoder.sizes().embedding;
  for (std::size_t first = 0; first < texts.size(); first += kTogether) {
    std::vector<std::vector<std::int32_t>> ids;
    for (std::size_t i = first; i < std::min(first + kTogether, texts.size()); ++i) {
      ClipTokens tokens = side_->tokenizer.encode(texts[i], most);
      if (tokens.cut) result.cut.push_back(i);
      ids.push_back(std::move(tokens.ids));
    }
    const Tensor embedding = side_->encoder.encode(ids, side_->tokenizer.end()).contiguous();  // [B, D]
    std::vector<float>& values = result.embeddings.values;
    values.insert(values.end(), embedding.data(), embedding.data() + embedding.numel());
  }
  return result;
}

}  // namespace caption
