#include "sandbox/boxed_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "caption/error.h"

// Shell scripts in the place of a decoder: the socket is their descriptor 3.

namespace caption {
namespace {

std::unique_ptr<BoxedProcess> start(const std::string& script) {
  std::string reason;
  auto process = BoxedProcess::start("/bin/sh", {"-c", script}, reason);
  EXPECT_NE(process, nullptr) << reason;
  return process;
}

/// What is wrong with a process that is to say one byte.
std::string failure_of(BoxedProcess& process, int seconds = 60) {
  std::array<std::byte, 1> answer{};
  process.begin_question(seconds);
  try {
    process.receive(answer);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    return error.what();
  }
  return "";
}

TEST(BoxedProcess, AnswersOnItsSocket) {
  const auto process = start("cat <&3 >&3");
  for (const std::size_t size : {std::size_t{3}, std::size_t{3'000'000}}) {
    std::vector<std::byte> question(100'000, std::byte{'q'});
    process->begin_question(60);
    for (std::size_t sent = 0; sent < size; sent += question.size()) {
      question.resize(std::min(question.size(), size - sent));
      process->send(question);
      std::vector<std::byte> answer(question.size());
      process->receive(answer);
      ASSERT_EQ(answer, question);
    }
  }
}

TEST(BoxedProcess, HasNothingOfOursButTheSocket) {
  const int ours = dup2(open("/etc/passwd", O_RDONLY), 9);  // which a program that is started would inherit
  const auto process = start(
      "for i in 0 1 2; do [ /proc/$$/fd/$i -ef /dev/null ] || exit 5; done;"
      "for i in 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$i ] || exit 6; done;"
      "printf x >&3; read -r line <&3");
  close(ours);
  EXPECT_EQ(failure_of(*process), "");
}

TEST(BoxedProcess, SaysHowItEnded) {
  EXPECT_EQ(failure_of(*start("kill -SEGV $$")), "its decoder crashed (SIGSEGV)");
  EXPECT_EQ(failure_of(*start("kill -ABRT $$")), "its decoder crashed (SIGABRT)");
  EXPECT_EQ(failure_of(*start("exit 7")), "its decoder ended with status 7");
  EXPECT_EQ(failure_of(*start("kill -KILL $$")),
            "its decoder was killed (SIGKILL), as happens when memory runs out");
}

TEST(BoxedProcess, AProcessThatClosesItsSocketIsNotWaitedFor) {
  EXPECT_NE(failure_of(*start("exec 3>&-; sleep 1000")), "");
}

TEST(BoxedProcess, ATimeIsCountedThatTheProcessorSpends) {
  EXPECT_EQ(failure_of(*start("while :; do :; done"), 1), "its decoder took longer than 1 s");
  EXPECT_EQ(failure_of(*start("sleep 2; printf x >&3"), 1), "");
}

TEST(BoxedProcess, WhatATerminalSendsToAllIsNotForIt) {
  EXPECT_EQ(failure_of(*start("kill -INT $$; kill -TERM $$; kill -HUP $$; kill -QUIT $$; printf x >&3")), "");
}

TEST(BoxedProcess, SendingToOneThatHasEndedIsAnError) {
  const auto process = start("exit 0");
  const std::vector<std::byte> much(10'000'000);
  process->begin_question(60);
  EXPECT_THROW(process->send(much), Error);
}

TEST(BoxedProcess, AProgramThatIsNotThereIsAReason) {
  std::string reason;
  EXPECT_EQ(BoxedProcess::start("/nowhere/decoder", {}, reason), nullptr);
  EXPECT_EQ(reason, "/nowhere/decoder: No such file or directory");
}

}  // namespace
}  // namespace caption
