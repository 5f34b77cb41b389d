#include <utility>

#include "base/utf8.h"
#include "text/small_letters.h"
#include "text/tokenizer.h"

namespace caption {
namespace {

class SmallLettersTokenizer : public Tokenizer {
 public:
  explicit SmallLettersTokenizer(std::unique_ptr<Tokenizer> inner) : inner_(std::move(inner)) {}

  std::int32_t size() const override { return inner_->size(); }
  std::vector<std::int32_t> encode(std::string_view utf8) const override {
    require_utf8(utf8);
    return inner_->encode(small_letters(utf8));
  }
  std::string decode(std::span<const std::int32_t> ids) const override { return inner_->decode(ids); }
  Piece piece(std::int32_t id) const override { return inner_->piece(id); }

 private:
  std::unique_ptr<Tokenizer> inner_;
};

}  // namespace

std::unique_ptr<Tokenizer> in_small_letters(std::unique_ptr<Tokenizer> inner) {
  return std::make_unique<SmallLettersTokenizer>(std::move(inner));
}

}  // namespace caption
