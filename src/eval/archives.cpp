#include "eval/archives.h"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "caption/error.h"

namespace caption::eval {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& why) {
  throw Error(ErrorKind::usage, "cannot read '" + file.string() + "': " + why, file);
}

/// A number of `size` bytes, the least significant first.
std::size_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  std::size_t value = 0;
  if (at > bytes.size() || size > bytes.size() - at) return value;
  for (std::size_t i = size; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::string inflated(std::string_view packed, std::size_t size) {
  std::string bytes(size, '\0');
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return {};
  const int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  return result == Z_STREAM_END && stream.avail_out == 0 ? bytes : std::string();
}

}  // namespace

std::string read_zip_member(const std::filesystem::path& archive, const std::string& name) {
  constexpr std::string_view kEntry = "PK\1\2";
  constexpr std::size_t kLargest = std::size_t{1} << 28U;
  std::ifstream stream(archive, std::ios::binary);
  if (!stream) fail(archive, std::strerror(errno));
  const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  const std::size_t end = bytes.rfind("PK\5\6");
  if (end == std::string::npos) fail(archive, "it is no zip archive");
  std::size_t at = number(bytes, end + 16, 4);
  while (at < bytes.size() && bytes.compare(at, kEntry.size(), kEntry) == 0) {
    const std::size_t name_size = number(bytes, at + 28, 2);
    const std::size_t behind = number(bytes, at + 30, 2) + number(bytes, at + 32, 2);
    if (at + 46 <= bytes.size() && bytes.compare(at + 46, name_size, name) == 0) {
      const std::size_t packed = number(bytes, at + 20, 4);
      const std::size_t size = number(bytes, at + 24, 4);
      const std::size_t local = number(bytes, at + 42, 4);
      const std::size_t data = local + 30 + number(bytes, local + 26, 2) + number(bytes, local + 28, 2);
      if (data > bytes.size() || packed > bytes.size() - data || size > kLargest)
        fail(archive, "it is damaged");
      const std::string_view content = std::string_view(bytes).substr(data, packed);
      std::string member = number(bytes, at + 10, 2) == 0 ? std::string(content) : inflated(content, size);
      if (member.empty()) fail(archive, "its " + name + " is damaged");
      return member;
    }
    at += 46 + name_size + behind;
  }
  fail(archive, "there is no " + name + " in it");
}

void read_gzip_lines(const std::filesystem::path& file, const std::function<void(std::string_view)>& take) {
  constexpr unsigned kChunk = 1U << 18U;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> stream(gzopen(file.c_str(), "rb"), gzclose);
  if (!stream) fail(file, std::strerror(errno));
  gzbuffer(stream.get(), kChunk);
  std::string text;
  std::vector<char> chunk(kChunk);
  while (true) {
    const int count = gzread(stream.get(), chunk.data(), kChunk);
    if (count < 0) fail(file, "it is damaged, or no gzip file");
    if (count == 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
      take(std::string_view(text).substr(begin, end - begin));
      begin = end + 1;
    }
    text.erase(0, begin);
  }
  if (!text.empty()) take(text);
  int error = Z_OK;
  gzerror(stream.get(), &error);
  if (error != Z_OK) fail(file, "it is cut off");
}

}  // namespace caption::eval
