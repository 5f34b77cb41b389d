#include "image/boxed_decode.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/log.h"
#include "base/shared_library.h"
#include "caption/error.h"
#include "image/box_messages.h"
#include "image/open_modules.h"
#include "sandbox/boxed_process.h"

namespace caption {
namespace {

static_assert(std::is_trivially_copyable_v<BoxQuestion> && std::is_trivially_copyable_v<BoxAnswer>);

constexpr std::uint64_t kLongestText = 4096;

// With room for slow machines. A decoder's time grows with what it unpacks and with what comes of it: the
// slowest here, of lossless JPEG 2000, takes 0.2 s for a megabyte of noise, and those of AVIF and JPEG XL 0.1
// s for a megapixel of little detail.
constexpr double kSeconds = 5;
constexpr double kSecondsPerMegabyte = 1;
constexpr double kSecondsPerMegapixel = 0.5;
// The hungriest takes 30 bytes for a pixel.
constexpr double kMegabytes = 256;
constexpr double kMegabytesPerMegapixel = 100;
constexpr int kSecondsToStart = 60;

int seconds_for(std::size_t file_bytes, const ImageOptions& options) {
  return static_cast<int>(kSeconds + kSecondsPerMegabyte * static_cast<double>(file_bytes) / 1e6 +
                          kSecondsPerMegapixel * options.max_megapixels);
}

std::uint64_t memory_for(const ImageOptions& options) {
  return static_cast<std::uint64_t>(kMegabytes + kMegabytesPerMegapixel * options.max_megapixels);
}

/// A process that has come to its box, with these modules open.
struct Box {
  std::unique_ptr<BoxedProcess> process;
  DecoderSet modules = 0;
  std::uint64_t memory_mb = 0;  ///< MiB that it may allocate beside its code
  bool reads_fonts = false;
};

template <typename T>
T receive(BoxedProcess& process) {
  T message;
  process.receive(std::as_writable_bytes(std::span(&message, 1)));
  return message;
}

std::string receive_text(BoxedProcess& process, std::uint64_t bytes) {
  std::string text(std::min(bytes, kLongestText), '\0');
  process.receive(std::as_writable_bytes(std::span(text)));
  return text;
}

/// A box, or none and why.
Box open_box(DecoderSet modules, std::uint64_t memory_mb, std::string& reason) {
  Box box;
  box.process = BoxedProcess::start(library_path("caption-decoder"),
                                    {std::to_string(modules), std::to_string(memory_mb)}, reason);
  box.modules = modules;
  box.memory_mb = memory_mb;
  if (!box.process) return box;
  try {
    box.process->begin_question(kSecondsToStart);
    const auto answer = receive<BoxAnswer>(*box.process);
    reason = receive_text(*box.process, answer.bytes);
    box.reads_fonts = answer.reads_fonts != 0;
  } catch (const Error& error) {
    reason = error.what();
  }
  if (!reason.empty()) box.process.reset();
  return box;
}

/// Whether boxes can be had: what the first one showed.
struct Experience {
  std::mutex mutex;
  std::atomic<bool> good{false};
  std::atomic<bool> bad{false};
  std::string reason;  ///< of a bad one
};

Experience& experience() {
  static Experience all;
  return all;
}

[[noreturn]] void fail_no_box(const std::string& reason) {
  throw Error(ErrorKind::usage, "the sandbox is on, but there can be none here: " + reason);
}

/// Makes sure that there is a box for this thread, unless there can be none.
bool prepare(Box& box, DecoderSet modules, std::uint64_t memory_mb) {
  if (box.process && (box.modules & modules) == modules && box.memory_mb == memory_mb) return true;
  if (experience().bad) return false;
  std::string reason;
  box.process.reset();
  box = open_box(box.modules | modules, memory_mb, reason);
  if (box.process) {
    experience().good = true;
    return true;
  }
  const std::scoped_lock lock(experience().mutex);
  if (experience().good)  // it is a passing matter
    throw Error(ErrorKind::unreadable, "its decoder cannot be started: " + reason);
  if (!experience().bad) {
    experience().reason = reason;
    experience().bad = true;
  }
  return false;
}

void ask(BoxedProcess& process, std::span<const std::byte> file_bytes, const ImageOptions& options) {
  process.begin_question(seconds_for(file_bytes.size(), options));
  const BoxQuestion question{file_bytes.size(), options};
  process.send(std::as_bytes(std::span(&question, 1)));
  process.send(file_bytes);
}

[[noreturn]] void fail_nonsense() {
  throw Error(ErrorKind::corrupt, "its decoder gave an answer that makes no sense");
}

/// What the process says is not to be trusted: it has seen the file.
RgbImage receive_picture(BoxedProcess& process, const BoxAnswer& answer, const ImageOptions& options) {
  const auto width = static_cast<double>(answer.width);
  const auto height = static_cast<double>(answer.height);
  if (answer.width < 1 || answer.height < 1 || width * height > options.max_megapixels * 1e6 ||
      answer.bytes != std::uint64_t{3} * static_cast<std::uint64_t>(answer.width) *
                          static_cast<std::uint64_t>(answer.height)) {
    fail_nonsense();
  }
  RgbImage image{answer.width, answer.height, {}, answer.truncated != 0, answer.preview != 0};
  image.data.resize(answer.bytes);
  process.receive(std::as_writable_bytes(std::span(image.data)));
  return image;
}

/// Says once that there is no box, or throws if there has to be one.
void do_without(const ImageOptions& options) {
  if (options.sandbox == Sandbox::on) fail_no_box(experience().reason);
  static std::once_flag said;
  std::call_once(said, [] {
    log::info("pictures of other formats than JPEG and PNG are decoded without a sandbox: " +
              experience().reason);
  });
}

}  // namespace

std::optional<RgbImage> decode_boxed(std::span<const std::byte> file_bytes, const ImageOptions& options) {
  thread_local Box box;
  if (!prepare(box, modules_for(file_bytes, options), memory_for(options))) {
    do_without(options);
    return std::nullopt;
  }
  bool whole = false;  // the process goes on unless its last answer shows that it is in order
  const auto renew = [&whole](Box* used) {
    if (!whole) used->process.reset();
  };
  const std::unique_ptr<Box, decltype(renew)> guard(&box, renew);
  ask(*box.process, file_bytes, options);
  const auto head = receive<BoxAnswer>(*box.process);
  if (head.outcome == BoxAnswer::picture) {
    RgbImage image = receive_picture(*box.process, head, options);
    whole = true;
    return image;
  }
  const std::string text = receive_text(*box.process, head.bytes);
  if (head.outcome == BoxAnswer::out_of_memory) {
    throw Error(ErrorKind::corrupt, "its decoder needed more than " + std::to_string(box.memory_mb) + " MB");
  }
  const auto kind = static_cast<ErrorKind>(head.error);
  if (head.outcome != BoxAnswer::failed || !concerns_one_image(kind)) fail_nonsense();
  whole = true;
  throw Error(kind, text);
}

void require_box() {
  static std::once_flag tried;
  static std::string reason;
  std::call_once(tried, [] { open_box(0, memory_for({}), reason); });
  if (!reason.empty()) fail_no_box(reason);
}

BoxReport examine_box() {
  ImageOptions options;
  options.svg = true;
  constexpr std::string_view kDrawing = "<svg xmlns='http://www.w3.org/2000/svg'/>";
  BoxReport report;
  const Box box =
      open_box(modules_for(std::as_bytes(std::span(kDrawing)), options), memory_for(options), report.reason);
  report.reads_fonts = box.reads_fonts;
  return report;
}

}  // namespace caption
