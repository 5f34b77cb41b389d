#include <gtest/gtest.h>

#include "base/shared_library.h"
#include "caption/error.h"
#include "open_libraries.h"
#include "scratch_file.h"
#include "text/sentencepiece_library.h"
#include "text/tokenizer.h"
#include "text_goldens.h"

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;

const Tokenizer& tiny() {
  static const auto tokenizer = load_sentencepiece_tokenizer(text_data("tiny.model"));
  return *tokenizer;
}

TEST(SentencepieceTokenizer, IsOfAModuleThatIsOpenedForIt) {
  EXPECT_GT(tiny().size(), 0);
  EXPECT_TRUE(library_is_open("libcaption_sentencepiece.so"));
  std::string reason;
  const auto* const library = from_library<decltype(&caption_sentencepiece_library)>(
      library_path("libcaption_sentencepiece.so"), "caption_sentencepiece_library", reason);
  ASSERT_NE(library, nullptr) << reason;
  EXPECT_EQ(library->load(text_data("tiny.model"))->size(), tiny().size());
}

TEST(SentencepieceTokenizer, EqualsTheReference) {
  const auto goldens = read_goldens("sentencepiece.json");
  EXPECT_EQ(tiny().size(), goldens["size"]);
  ASSERT_FALSE(goldens["encode"].empty());
  for (const auto& golden : goldens["encode"]) {
    EXPECT_EQ(tiny().encode(golden["text"].get<std::string>()), golden["ids"].get<Ids>()) << golden["text"];
  }
  ASSERT_FALSE(goldens["decode"].empty());
  for (const auto& golden : goldens["decode"]) {
    EXPECT_EQ(tiny().decode(golden["ids"].get<Ids>()), golden["text"].get<std::string>()) << golden["ids"];
  }
}

TEST(SentencepieceTokenizer, RefusesIdsOutsideTheVocabulary) {
  for (const std::int32_t id : {-1, tiny().size()}) {
    try {
      tiny().decode(Ids{0, id});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::internal);
    }
  }
}

TEST(SentencepieceTokenizer, RefusesTextThatIsNotUtf8) {
  EXPECT_THROW(tiny().encode("\xC3"), Error);
}

TEST(SentencepieceTokenizer, NamesAFileThatIsNoModel) {
  const ScratchFile cut("\x0A\x10 no");
  for (const std::filesystem::path& path :
       {cut.path(), text_data("vocab.bpe"), std::filesystem::path("/nowhere")}) {
    try {
      load_sentencepiece_tokenizer(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::model);
      EXPECT_EQ(error.path(), path);
      EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace caption
