#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caption {

/// What one token stands for within a text.
struct Piece {
  std::string bytes;     ///< with the space that it may begin with; perhaps only a part of a UTF-8 character
  bool special = false;  ///< it stands for no text, like one that ends a text; `bytes` is its name
};

/// Text <-> token ids of one language model. Safe to use from several threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  virtual std::int32_t size() const = 0;  ///< number of token ids
  /// Text that is not UTF-8 is an Error(usage) that tells where: nothing is replaced on the way in.
  virtual std::vector<std::int32_t> encode(std::string_view utf8) const = 0;
  /// Bytes that are not UTF-8 become U+FFFD: with GPT-2 one for each maximal subpart, as Python's
  /// errors="replace" does, with sentencepiece one for each byte, as that library does. Ids outside [0, size)
  /// are an Error(internal).
  virtual std::string decode(std::span<const std::int32_t> ids) const = 0;
  /// What `id` alone stands for. Ids outside [0, size) are an Error(internal).
  virtual Piece piece(std::int32_t id) const = 0;
};

/// GPT-2's byte-level BPE from its published files encoder.json (or vocab.json) and vocab.bpe (or
/// merges.txt). Throws Error(model).
std::unique_ptr<Tokenizer> load_gpt2_tokenizer(const std::filesystem::path& vocabulary,
                                               const std::filesystem::path& merges);

/// A byte-level BPE, as GPT-2's, with all tokens that were added to it, from tokenizer.json of Hugging Face's
/// tokenizers. Throws Error(model), for what is of another kind, too.
std::unique_ptr<Tokenizer> load_tokenizer_json(const std::filesystem::path& file);

/// Takes texts in small letters alone: they become so before `inner` encodes them.
std::unique_ptr<Tokenizer> in_small_letters(std::unique_ptr<Tokenizer> inner);

/// A sentencepiece model file. Throws Error(model).
std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::filesystem::path& model);

/// Learns a tokenizer of `size` tokens from texts: sentencepiece's unigram model, in which token 0 stands for
/// what is unknown and token 1 for ".". The same texts give the same bytes of a model file. Throws
/// Error(usage) where the texts do not have so many pieces.
std::string train_sentencepiece(const std::vector<std::string>& texts, std::int32_t size);

}  // namespace caption
