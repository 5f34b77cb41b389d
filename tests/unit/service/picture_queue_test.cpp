#include "service/picture_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace caption {
namespace {

class PictureQueueTest : public ::testing::Test {
 protected:
  PictureJob job(const std::string& name, std::shared_ptr<bool> wanted = std::make_shared<bool>(true)) {
    PictureJob job;
    job.input.name = name;
    job.wanted = [wanted] { return *wanted; };
    job.done = [this, name](const Record& record) { done_ += name + ":" + record.image + " "; };
    return job;
  }

  static Record record(std::size_t number, const std::string& image) {
    Record record;
    record.number = number;
    record.image = image;
    return record;
  }

  std::atomic<bool> stop_ = false;
  std::string done_;
};

TEST_F(PictureQueueTest, RecordsFindTheirJobsInAnyOrder) {
  PictureQueue queue(10);
  EXPECT_TRUE(queue.add({job("a"), job("b")}));
  EXPECT_TRUE(queue.add({job("c")}));
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(queue.next(stop_)->name, name);
  EXPECT_EQ(queue.in_work(), 3U);
  queue.take(record(2, "z"));
  queue.take(record(0, "x"));
  queue.take(record(1, "y"));
  EXPECT_EQ(done_, "c:z a:x b:y ");
  EXPECT_EQ(queue.in_work(), 0U);
}

TEST_F(PictureQueueTest, AllOfARequestOrNothing) {
  PictureQueue queue(3);
  EXPECT_TRUE(queue.add({job("a"), job("b")}));
  EXPECT_FALSE(queue.full());
  EXPECT_FALSE(queue.add({job("c"), job("d")}));
  EXPECT_EQ(queue.waiting(), 2U);
  EXPECT_TRUE(queue.add({job("c")}));
  EXPECT_TRUE(queue.full());
  queue.next(stop_);
  EXPECT_FALSE(queue.full());
}

TEST_F(PictureQueueTest, WhatNobodyWaitsForIsDroppedAndMakesRoom) {
  PictureQueue queue(2);
  const auto wanted = std::make_shared<bool>(true);
  queue.add({job("a", wanted), job("b", wanted)});
  EXPECT_TRUE(queue.full());
  *wanted = false;
  EXPECT_FALSE(queue.full());
  queue.add({job("c", wanted), job("d")});
  EXPECT_EQ(queue.next(stop_)->name, "d");
  queue.take(record(0, "x"));
  EXPECT_EQ(done_, "d:x ");
}

TEST_F(PictureQueueTest, AClosedOneEndsBehindItsLast) {
  PictureQueue queue(2);
  queue.add({job("a")});
  std::thread closing([&] { queue.close(); });
  EXPECT_EQ(queue.next(stop_)->name, "a");
  EXPECT_FALSE(queue.next(stop_));
  closing.join();
  EXPECT_FALSE(queue.add({job("b")}));
}

TEST_F(PictureQueueTest, NextGivesUpWhenItIsToStop) {
  PictureQueue queue(2);
  std::thread stopping([&] { stop_ = true; });
  EXPECT_FALSE(queue.next(stop_));
  stopping.join();
  EXPECT_EQ(queue.expected_wait().count(), 1);
}

}  // namespace
}  // namespace caption
