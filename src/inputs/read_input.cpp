#include "inputs/read_input.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "caption/error.h"

namespace caption {
namespace {

constexpr int kInterruptCheckMs = 50;
/// No image file that we accept is larger: PNG, BMP and TIFF lengths end below 2^32, and decoders at 2^31.
constexpr std::size_t kMostBytes = std::size_t{1} << 31;

Error unreadable(const std::string& why) {
  return {ErrorKind::unreadable, why};
}

Error too_large() {
  return {ErrorKind::too_large, "over 2 GiB: not an image file that caption reads"};
}

}  // namespace

std::vector<std::byte> read_descriptor(int descriptor, const std::atomic<bool>& interrupt) {
  std::vector<std::byte> bytes;
  std::vector<std::byte> buffer(std::size_t{1} << 18);
  pollfd waiting{descriptor, POLLIN, 0};
  while (!interrupt) {
    if (::poll(&waiting, 1, kInterruptCheckMs) == 0) continue;
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count == 0) return bytes;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw unreadable(std::strerror(errno));
    if (bytes.size() + static_cast<std::size_t>(count) > kMostBytes) throw too_large();
    bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + count);
  }
  throw unreadable("interrupted");
}

std::vector<std::byte> read_input(const Input& input, const std::atomic<bool>& interrupt) {
  if (input.bytes) return input.bytes();
  if (input.standard_input) return read_descriptor(STDIN_FILENO, interrupt);
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(input.file, error);
  if (status.type() == std::filesystem::file_type::not_found)
    throw Error(ErrorKind::not_found, "no such file");
  if (error) throw unreadable(error.message());
  if (std::filesystem::is_directory(status)) throw unreadable("is a folder that could not be listed");
  if (std::filesystem::is_character_file(status) || std::filesystem::is_block_file(status)) {
    throw unreadable("is a device, not an image file");
  }
  if (std::filesystem::is_regular_file(status) &&
      std::filesystem::file_size(input.file, error) > kMostBytes && !error) {
    throw too_large();
  }
  // Non-blocking, or a pipe without a writer would hold us.
  const int descriptor = ::open(input.file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) throw unreadable(std::strerror(errno));
  const std::unique_ptr<const int, void (*)(const int*)> closing(&descriptor,
                                                                 [](const int* open) { ::close(*open); });
  return read_descriptor(descriptor, interrupt);
}

}  // namespace caption
