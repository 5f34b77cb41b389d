#include <sentencepiece_processor.h>

#include "base/utf8.h"
#include "caption/error.h"
#include "sentencepiece/train.h"
#include "text/file.h"
#include "text/sentencepiece_library.h"

namespace caption {
namespace {

class SentencepieceTokenizer : public Tokenizer {
 public:
  explicit SentencepieceTokenizer(const std::filesystem::path& model) : path_(model) {
    const std::string bytes = read_tokenizer_file(model);
    const auto status = processor_.LoadFromSerializedProto(bytes);
    if (!status.ok()) {
      throw Error(ErrorKind::model,
                  model.string() + ": not a sentencepiece model (" + status.ToString() + ")", model);
    }
  }

  std::int32_t size() const override { return processor_.GetPieceSize(); }

  std::vector<std::int32_t> encode(std::string_view utf8) const override {
    require_utf8(utf8);
    std::vector<int> ids;
    check(processor_.Encode({utf8.data(), utf8.size()}, &ids), "encode a text");
    return ids;
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    for (const std::int32_t id : ids) require_known(id);
    std::string text;
    check(processor_.Decode(std::vector<int>(ids.begin(), ids.end()), &text), "decode token ids");
    return text;
  }

  Piece piece(std::int32_t id) const override {
    require_known(id);
    const std::string& name = processor_.IdToPiece(id);
    if (processor_.IsControl(id) || processor_.IsUnknown(id)) return {name, true};
    if (processor_.IsByte(id)) {  // "<0xE2>"
      return {std::string(1, static_cast<char>(std::stoi(name.substr(3, 2), nullptr, 16))), false};
    }
    constexpr std::string_view kSpaceMark = "\u2581";
    std::string bytes;
    for (std::size_t at = 0; at < name.size();) {
      const bool space = name.compare(at, kSpaceMark.size(), kSpaceMark) == 0;
      bytes += space ? ' ' : name[at];
      at += space ? kSpaceMark.size() : 1;
    }
    return {bytes, false};
  }

 private:
  void require_known(std::int32_t id) const {
    if (id >= 0 && id < size()) return;
    throw Error(ErrorKind::internal, "token id " + std::to_string(id) + " is not in [0, " +
                                         std::to_string(size()) + "), the vocabulary of " + path_.string());
  }

  void check(const sentencepiece::util::Status& status, const std::string& task) const {
    if (status.ok()) return;
    throw Error(ErrorKind::internal,
                path_.string() + ": sentencepiece could not " + task + ": " + status.ToString());
  }

  std::filesystem::path path_;
  sentencepiece::SentencePieceProcessor processor_;
};

std::unique_ptr<Tokenizer> load(const std::filesystem::path& model) {
  return std::make_unique<SentencepieceTokenizer>(model);
}

}  // namespace
}  // namespace caption

const caption::SentencepieceLibrary* caption_sentencepiece_library() {
  static constexpr caption::SentencepieceLibrary kLibrary = {.load = &caption::load,
                                                             .train = &caption::train_tokenizer};
  return &kLibrary;
}
