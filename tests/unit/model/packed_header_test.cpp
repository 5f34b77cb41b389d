#include "model/packed_header.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "packed_text.h"
#include "scratch_folder.h"

namespace caption {
namespace {

using nlohmann::json;

constexpr std::size_t kPayload = std::size_t{2} << 20;

PackedHeader example() {
  PackedHeader header;
  header.layout = "some layout";
  header.precision = "int8";
  header.sources = {{"clip.pt", 5, -7, "abc"}, {"gpt2.pt", std::uint64_t{1} << 40, 123456789012345678, ""}};
  header.matrices["a\nclip.pt 0 Float [2, 3] [3, 1]"] = {64, 3, "int8", 0, 256, 512, 768};
  header.matrices["b"] = {1, 2, "fp32", 1024, 1536, 0, 0};
  header.bytes = 2048;
  header.sha256 = "def";
  return header;
}

class PackedHeaderTest : public ScratchFolder {
 protected:
  PackedHeader read_back(const std::string& text) const {
    write("packed", text);
    return read_packed_header(folder_ / "packed");
  }

  std::string error_of(const std::string& text) const {
    const std::string message = message_of([&] { read_back(text); });
    EXPECT_TRUE(message.starts_with((folder_ / "packed: ").string())) << message;
    return message;
  }

  /// What is wrong with the example after one field of its header was changed, the hash being right.
  std::string error_with(const char* pointer, const json& value) const {
    PackedHeader header = example();
    const std::string text = header_text(header);
    json fields = json::parse(text.substr(64, text.find('\0') - 64));
    fields[json::json_pointer(pointer)] = value;
    return error_of(test::packed_text(fields.dump()) + std::string(2048, 'm'));
  }
};

TEST_F(PackedHeaderTest, ReadsWhatItWrote) {
  PackedHeader header = example();
  const std::string text = header_text(header);
  EXPECT_EQ(text.size(), kPayload);
  EXPECT_EQ(header.payload, kPayload);
  const PackedHeader read = read_back(text + std::string(2048, 'm'));
  EXPECT_EQ(read.layout, header.layout);
  EXPECT_EQ(read.precision, header.precision);
  EXPECT_EQ(read.sources, header.sources);
  EXPECT_EQ(read.payload, kPayload);
  EXPECT_EQ(read.bytes, 2048U);
  EXPECT_EQ(read.sha256, header.sha256);
  ASSERT_EQ(read.matrices.size(), 2U);
  const PackedHeader::Matrix& matrix = read.matrices.at("a\nclip.pt 0 Float [2, 3] [3, 1]");
  EXPECT_EQ(matrix.out, 64);
  EXPECT_EQ(matrix.in, 3);
  EXPECT_EQ(matrix.type, "int8");
  EXPECT_EQ(matrix.words, 0U);
  EXPECT_EQ(matrix.bias, 256U);
  EXPECT_EQ(matrix.scales, 512U);
  EXPECT_EQ(matrix.corrections, 768U);
}

/// A header that takes more than the first 2 MiB: the matrices begin at the next multiple.
TEST_F(PackedHeaderTest, LongHeaders) {
  PackedHeader header = example();
  header.layout.assign(kPayload, 'x');
  const std::string text = header_text(header);
  EXPECT_EQ(header.payload, 2 * kPayload);
  EXPECT_EQ(text.size(), 2 * kPayload);
  EXPECT_EQ(read_back(text + std::string(2048, 'm')).layout.size(), kPayload);
}

TEST_F(PackedHeaderTest, EveryDamagedByteIsFound) {
  PackedHeader header = example();
  std::string good = header_text(header);
  good.resize(good.find('\0'));              // refused for that only when its header has been read
  const std::size_t line = good.find("  ");  // the end of the first line's words
  ASSERT_LT(line, 64U);
  EXPECT_NE(error_of(good).find("said to begin"), std::string::npos);
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (i >= line && i < 64) continue;  // filling
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    EXPECT_EQ(error_of(bad).find("said to begin"), std::string::npos) << i;
  }
}

TEST_F(PackedHeaderTest, CutOffAnywhere) {
  PackedHeader header = example();
  const std::string good = header_text(header) + std::string(2048, 'm');
  const std::size_t end = good.find('\0');
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{14}, std::size_t{63},
                                 std::size_t{64}, end - 1, end, kPayload - 1, kPayload, good.size() - 1}) {
    error_of(good.substr(0, size));
  }
  EXPECT_NE(error_of(good.substr(0, good.size() - 1)).find("2047 bytes of matrices instead of 2048"),
            std::string::npos);
  EXPECT_NE(error_of(good + "m").find("2049 bytes of matrices instead of 2048"), std::string::npos);
}

TEST_F(PackedHeaderTest, NotSuchAFile) {
  EXPECT_NE(error_of("PK\3\4").find("is no file of packed matrices"), std::string::npos);
  EXPECT_NE(message_of([&] { read_packed_header(folder_); }).find("is no file"), std::string::npos);
  EXPECT_NE(message_of([&] { read_packed_header(folder_ / "nowhere"); }).find("is no file"),
            std::string::npos);
  std::string later = test::packed_text("{}");
  later[15] = '2';
  EXPECT_NE(error_of(later).find("is of format 2, not 1: another version"), std::string::npos);
}

TEST_F(PackedHeaderTest, AHugeHeaderIsRefusedBeforeItIsRead) {
  for (const char* length : {"16777217", "1099511627776", "18446744073709551615"}) {
    std::string text = std::string("caption-packed 1 ") + length + " 0123456789abcdef";
    text.resize(64, ' ');
    EXPECT_NE(error_of(text).find("its header is too long"), std::string::npos) << length;
  }
  for (const char* numbers : {"", "1", "1 ", "1 -5 ", "1 18446744073709551616 ", "x 5 "}) {
    std::string text = std::string("caption-packed ") + numbers;
    text.resize(64, ' ');
    EXPECT_NE(error_of(text).find("its first line is damaged"), std::string::npos) << numbers;
  }
}

TEST_F(PackedHeaderTest, ImpossiblePlaces) {
  for (const char* part : {"words", "bias", "scales", "corrections"}) {
    for (const json& at : {json(2112), json(63), json(1), json(-64), json(~std::uint64_t{0} - 63)}) {
      EXPECT_NE(
          error_with((std::string("/matrices/b/") + part).c_str(), at).find("impossible shape or place"),
          std::string::npos)
          << part << " " << at;
    }
  }
  for (const json& size : {json(0), json(-1)}) {
    EXPECT_NE(error_with("/matrices/b/out", size).find("impossible shape"), std::string::npos) << size;
    EXPECT_NE(error_with("/matrices/b/in", size).find("impossible shape"), std::string::npos) << size;
  }
  for (const json& payload : {json(0), json(64), json(kPayload + 64), json(2 * kPayload), json(-1)}) {
    EXPECT_NE(error_with("/payload", payload).find("its matrices are said to begin at"), std::string::npos)
        << payload;
  }
}

TEST_F(PackedHeaderTest, MissingAndOtherFields) {
  for (const char* body : {"", "null", "[]", "{}", "{\"layout\": \"x\"}", "[[[["}) {
    EXPECT_NE(error_of(test::packed_text(body)).find("its header is damaged"), std::string::npos) << body;
  }
  EXPECT_NE(error_with("/layout", 1).find("its header is damaged"), std::string::npos);
  EXPECT_NE(error_with("/matrices", "none").find("its header is damaged"), std::string::npos);
  EXPECT_NE(error_with("/sources/0/bytes", "5").find("its header is damaged"), std::string::npos);
}

}  // namespace
}  // namespace caption
