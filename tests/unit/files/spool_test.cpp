#include "files/spool.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "caption/error.h"

namespace caption {
namespace {

std::vector<std::string> all_of(Spool& spool) {
  std::vector<std::string> texts;
  spool.rewind();
  while (const std::optional<std::string> text = spool.next()) texts.push_back(*text);
  return texts;
}

TEST(Spool, GivesTextsOfAnyBytesInTheirOrderAndAgain) {
  Spool spool;
  std::vector<std::string> texts = {"", "a", std::string("b\0\n\xFF", 4), std::string(100000, 'c')};
  for (const std::string& text : texts) spool.add(text);
  EXPECT_EQ(all_of(spool), texts);
  EXPECT_EQ(all_of(spool), texts);
}

TEST(Spool, IsEmptyWithoutAFile) {
  Spool spool;
  setenv("TMPDIR", "/nowhere", 1);
  EXPECT_EQ(all_of(spool), std::vector<std::string>());
  try {
    spool.add("a");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::output);
    EXPECT_NE(std::string(error.what()).find("in '/nowhere' ($TMPDIR): No such file"), std::string::npos);
  }
  unsetenv("TMPDIR");
}

}  // namespace
}  // namespace caption
