#include <gtest/gtest.h>

#include "inputs/number_range.h"
#include "inputs/tar_sample.h"

namespace caption {
namespace {

using Names = std::vector<std::string>;

TEST(TarNames, ARangeStandsForItsNumbers) {
  EXPECT_EQ(expand_range("s-{008..011}.tar"), (Names{"s-008.tar", "s-009.tar", "s-010.tar", "s-011.tar"}));
  EXPECT_EQ(expand_range("{2..0}"), (Names{"2", "1", "0"}));
  EXPECT_EQ(expand_range("{9..10}.tar"), (Names{"9.tar", "10.tar"}));
  EXPECT_EQ(expand_range("{0..1}/{7..8}"), (Names{"0/7", "0/8", "1/7", "1/8"}));
  EXPECT_EQ(expand_range("a{5..5}b"), Names{"a5b"});
  for (const char* name : {"a.tar", "{1..}", "{a..b}", "{1...3}", "{-1..2}", "", "{12345678901..2}"})
    EXPECT_EQ(expand_range(name), Names{name});
}

TEST(TarNames, ASampleIsCalledByWhatStandsBeforeTheFirstDot) {
  EXPECT_EQ(sample_key("000012.seg.png"), "000012");
  EXPECT_EQ(sample_key("train.v1/0001.jpg"), "train.v1/0001");
  EXPECT_EQ(sample_key("./a.b/c"), "./a.b/c");
}

TEST(TarNames, ArchivesAreToldByTheEndOfTheirNames) {
  for (const char* name : {"a.tar", "b/A.TAR", "a.tar.gz", "a.tgz", "a.tar.zst", "{0..1}.tar"})
    EXPECT_TRUE(is_tar_name(name)) << name;
  for (const char* name : {"tar", "a.jpg", "a.tar.jpg", "a.gz", ""}) EXPECT_FALSE(is_tar_name(name)) << name;
}

}  // namespace
}  // namespace caption
