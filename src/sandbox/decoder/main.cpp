// caption-decoder DECODERS MEGABYTES: decodes pictures in the box for the program that has started it, which
// is the other end of the socket kBoxSocket (see image/boxed_decode.cpp). For nobody else.

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "caption/error.h"
#include "image/box_messages.h"
#include "image/open_modules.h"
#include "sandbox/boxed_process.h"
#include "sandbox/decoder/box.h"
#include "sandbox/decoder/landlock.h"

namespace {

using namespace caption;

/// Without what a program does at its end, for which the box has no room.
[[noreturn]] void leave(int status) {
  _exit(status);
}

/// Returns false at the end of the questions.
bool receive(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t received = read(kBoxSocket, bytes.data(), bytes.size());
    if (received <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(received));
  }
  return true;
}

void send(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = write(kBoxSocket, bytes.data(), bytes.size());
    if (sent <= 0) leave(0);  // nobody listens any more
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

void send(BoxAnswer answer, std::span<const std::byte> bytes) {
  answer.bytes = bytes.size();
  send(std::as_bytes(std::span(&answer, 1)));
  send(bytes);
}

void send_text(BoxAnswer::Outcome outcome, std::string_view text, ErrorKind kind = ErrorKind::internal) {
  BoxAnswer answer;
  answer.outcome = outcome;
  answer.error = static_cast<std::int32_t>(kind);
  send(answer, std::as_bytes(std::span(text)));
}

/// A file of so many bytes. One that there is no room for is taken from the socket all the same.
std::vector<std::byte> receive_file(std::uint64_t bytes) {
  std::vector<std::byte> file;
  bool received = true;
  try {
    file.resize(bytes);
    received = receive(file);
  } catch (const std::bad_alloc&) {
    std::byte some[4096];
    for (std::uint64_t left = bytes; received && left > 0; left -= std::min<std::uint64_t>(left, sizeof some))
      received = receive(std::span(some).first(std::min<std::uint64_t>(left, sizeof some)));
    if (received) throw;
  }
  if (!received) leave(0);
  return file;
}

void decode_one(const BoxQuestion& question) {
  try {
    const std::vector<std::byte> file = receive_file(question.file_bytes);
    const RgbImage image = decode_here(file, question.options);
    BoxAnswer answer;
    answer.outcome = BoxAnswer::picture;
    answer.width = image.width;
    answer.height = image.height;
    answer.truncated = image.truncated ? 1 : 0;
    answer.preview = image.preview ? 1 : 0;
    send(answer, std::as_bytes(std::span(image.data)));
  } catch (const Error& error) {
    send_text(BoxAnswer::failed, error.what(), error.kind());
  } catch (const std::bad_alloc&) {
    send_text(BoxAnswer::out_of_memory, "");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("caption-decoder is started by caption, which decodes pictures in it\n", stderr);
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a thread of the program's: each has one of these at most
  const auto modules = static_cast<DecoderSet>(std::strtoul(argv[1], nullptr, 10));
  open_modules(modules);
  // Before there are other threads, which drawing a text starts.
  const std::vector<std::filesystem::path> folders = folders_read_by(modules);
  const bool reading = !folders.empty() && confine_to(folders);
  warm_modules(modules);
  BoxAnswer ready;
  ready.reads_fonts = reading ? 1 : 0;
  const std::string reason = enter_box(std::strtoull(argv[2], nullptr, 10), reading);
  send(ready, std::as_bytes(std::span(reason)));
  BoxQuestion question;
  while (receive(std::as_writable_bytes(std::span(&question, 1)))) decode_one(question);
  leave(0);
}
