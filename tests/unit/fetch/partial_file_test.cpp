#include "fetch/partial_file.h"

#include <gtest/gtest.h>

#include <string_view>

#include "scratch_folder.h"

namespace caption {
namespace {

class Partial : public ScratchFolder {
 protected:
  static std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
  std::filesystem::path target() const { return folder_ / "new" / "file"; }
  std::filesystem::path partial() const { return folder_ / "new" / "file.partial"; }

  static constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
};

TEST_F(Partial, AppearsWhenItIsComplete) {
  PartialFile file(target());
  EXPECT_EQ(file.size(), 0U);
  file.restart({"https://host/file", "\"tag\"", 3});
  file.append(bytes("ab"));
  file.append(bytes("c"));
  EXPECT_FALSE(std::filesystem::exists(target()));
  EXPECT_EQ(file.sha256(), kAbc);
  file.keep();
  EXPECT_EQ(read(target()), "abc");
  EXPECT_FALSE(std::filesystem::exists(partial()) || std::filesystem::exists(partial().string() + ".json"));
}

TEST_F(Partial, GoesOnWhereAnotherHasEnded) {
  {
    PartialFile file(target());
    file.restart({"https://host/file", "\"tag\"", std::nullopt});
    file.append(bytes("ab"));
  }
  PartialFile file(target());
  EXPECT_EQ(file.size(), 2U);
  EXPECT_EQ(file.source().address, "https://host/file");
  EXPECT_EQ(file.source().validator, "\"tag\"");
  EXPECT_EQ(file.source().total, std::nullopt);
  file.append(bytes("c"));
  EXPECT_EQ(file.sha256(), kAbc);
}

TEST_F(Partial, FromTheStart) {
  PartialFile file(target());
  file.restart({"a", "", 5});
  file.append(bytes("other"));
  file.restart({"b", "", 3});
  EXPECT_EQ(file.size(), 0U);
  file.append(bytes("abc"));
  EXPECT_EQ(file.sha256(), kAbc);
  file.keep();
  EXPECT_EQ(read(target()), "abc");
}

TEST_F(Partial, OfWhatIsNotUnderstoodNothingIsKept) {
  write("new/file.partial", "abc");
  for (const char* about : {"", "{}", "{\"address\": \"a\", \"validator\": 1, \"total\": 3}"}) {
    write("new/file.partial.json", about);
    EXPECT_EQ(PartialFile(target()).size(), 0U) << about;
    write("new/file.partial", "abc");
  }
}

TEST_F(Partial, IsOneProcesss) {
  PartialFile file(target());
  file.append(bytes("a"));
  EXPECT_NE(message_of([&] { PartialFile again(target()); }, ErrorKind::output).find("another process"),
            std::string::npos);
  file.discard();
  EXPECT_FALSE(std::filesystem::exists(partial()));
  PartialFile again(target());
  EXPECT_EQ(again.size(), 0U);
}

TEST_F(Partial, NothingLeavesNothing) {
  { PartialFile file(target()); }
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "new"));
}

}  // namespace
}  // namespace caption
