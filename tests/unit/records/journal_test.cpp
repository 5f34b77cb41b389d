#include "records/journal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "caption/error.h"

namespace caption {
namespace {

namespace fs = std::filesystem;
using Ends = Journal::Ends;

const Journal::Facts kFacts = {{"model", "m"}, {"beam", "5"}};
const Ends kLarge = {1000, 1000};

class JournalTest : public ::testing::Test {
 protected:
  void TearDown() override { fs::remove(file_); }

  /// Three inputs, of which the second failed and has any bytes for a name.
  void write() const {
    Journal journal(file_, kLarge);
    EXPECT_FALSE(journal.begun());
    journal.begin(kFacts);
    journal.start({5, 0});
    journal.add({"a.jpg", false, {}, {10, 0}});
    journal.add({"\xFF\x80 caf\xC3\xA9\n\"", true, {}, {20, 7}});
    journal.add({"a.jpg", false, {}, {30, 7}});
  }

  const fs::path file_ = fs::temp_directory_path() / ("caption-journal-" + std::to_string(::getpid()));
};

TEST_F(JournalTest, TellsWhatWasWritten) {
  write();
  Journal journal(file_, kLarge);
  EXPECT_TRUE(journal.begun());
  EXPECT_EQ(journal.facts(), kFacts);
  EXPECT_EQ(journal.ends(), (Ends{30, 7}));
  EXPECT_EQ(journal.summary().captioned, 2U);
  EXPECT_EQ(journal.summary().failed, 1U);
  EXPECT_EQ(journal.next_done()->image, "a.jpg");
  EXPECT_EQ(journal.next_done()->image, "\xFF\x80 caf\xC3\xA9\n\"");
  EXPECT_EQ(journal.next_done()->image, "a.jpg");
  EXPECT_FALSE(journal.next_done());
}

TEST_F(JournalTest, TellsHowTheFilesWereAndForgetsTheLast) {
  const Journal::Entry entries[] = {{"a", false, FileState{7, -1}, {6, 0}},
                                    {"b", true, {}, {6, 2}},
                                    {"c", false, FileState{1U << 31U, 1'700'000'000'123'456'789}, {9, 2}}};
  {
    Journal journal(file_, kLarge);
    journal.begin(kFacts);
    journal.start({5, 0});
    for (const Journal::Entry& entry : entries) journal.add(entry);
    EXPECT_EQ(journal.done(), 3U);
  }
  Journal journal(file_, kLarge);
  EXPECT_EQ(journal.start(), (Ends{5, 0}));
  for (const Journal::Entry& entry : entries) EXPECT_EQ(journal.next_done(), entry);
  journal.keep(2);
  EXPECT_EQ(journal.done(), 2U);
  EXPECT_EQ(journal.ends(), entries[1].ends);
  EXPECT_EQ(journal.facts(), kFacts);
  EXPECT_EQ(journal.next_done(), entries[0]);
  journal.keep(0);
  EXPECT_EQ(journal.ends(), (Ends{5, 0}));
  EXPECT_FALSE(journal.next_done());
}

TEST_F(JournalTest, WhatTheFilesDoNotHoldIsNotDone) {
  const std::pair<Ends, Ends> cases[] = {
      {{29, 7}, {20, 7}}, {{30, 6}, {10, 0}}, {{9, 1000}, {5, 0}}, {{4, 1000}, {}}};
  for (const auto& [sizes, ends] : cases) {
    fs::remove(file_);
    write();
    {
      Journal journal(file_, sizes);
      EXPECT_EQ(journal.begun(), !ends.empty());
      EXPECT_EQ(journal.ends(), ends);
      EXPECT_EQ(journal.facts(), kFacts);
    }
    EXPECT_EQ(Journal(file_, kLarge).ends(), ends);  // it is forgotten
  }
}

TEST_F(JournalTest, CutAnywhereItGoesOn) {
  write();
  std::ifstream stream(file_, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(stream), {}};
  for (std::size_t length = 0; length < whole.size(); ++length) {
    std::ofstream(file_, std::ios::binary) << whole.substr(0, length);
    std::size_t done = 0;
    {
      Journal journal(file_, kLarge);
      if (!journal.begun()) continue;
      done = journal.summary().captioned + journal.summary().failed;
      EXPECT_LT(done, 3U);
      journal.add({"b", false, {}, {40, 7}});
    }
    Journal journal(file_, kLarge);
    EXPECT_EQ(journal.ends(), (Ends{40, 7}));
    for (std::size_t i = 0; i < done; ++i) EXPECT_TRUE(journal.next_done());
    EXPECT_EQ(journal.next_done()->image, "b");
  }
}

TEST_F(JournalTest, IsForOneAtATime) {
  write();
  const Journal journal(file_, kLarge);
  EXPECT_THROW(Journal(file_, kLarge), Error);
  EXPECT_THROW(Journal::discard(file_), Error);
  EXPECT_TRUE(fs::exists(file_));
}

TEST_F(JournalTest, IsDiscardedIfItIsThere) {
  write();
  Journal::discard(file_);
  EXPECT_FALSE(fs::exists(file_));
  Journal::discard(file_);
}

TEST_F(JournalTest, OtherFactsAreTaken) {
  write();
  const Journal::Facts other = {{"model", "n"}};
  Journal(file_, kLarge).change(other);
  const Journal journal(file_, kLarge);
  EXPECT_EQ(journal.facts(), other);
  EXPECT_EQ(journal.ends(), (Ends{30, 7}));
}

TEST_F(JournalTest, RefusesOtherFiles) {
  for (const std::string text :
       {"{}\n{}\n", "{\"ends\":[1,2]}\n{}\n", "{\"facts\":{\"a\":\"b\"}}\n{\"ends\":3}\n"}) {
    std::ofstream(file_, std::ios::binary) << text;
    EXPECT_THROW(Journal(file_, kLarge), Error) << text;
  }
  fs::remove(file_);
  write();
  EXPECT_THROW(Journal(file_, {1000}), Error);
  EXPECT_THROW(Journal("/nowhere/journal", kLarge), Error);
}

}  // namespace
}  // namespace caption
