#include "image/inflate.h"

#include <zlib.h>

#include <memory>
#include <new>

namespace caption {

std::optional<std::vector<std::uint8_t>> inflate(Bytes packed, std::size_t most) {
  constexpr std::size_t kStep = 65536;
  z_stream stream{};
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, &inflateEnd);
  std::vector<std::uint8_t> bytes;
  int result = Z_OK;
  while (result == Z_OK && bytes.size() <= most) {
    bytes.resize(bytes.size() + kStep);
    stream.next_out = bytes.data() + bytes.size() - kStep;
    stream.avail_out = kStep;
    result = ::inflate(&stream, Z_NO_FLUSH);
    bytes.resize(bytes.size() - stream.avail_out);
  }
  if (result != Z_STREAM_END || bytes.size() > most) return std::nullopt;
  return bytes;
}

}  // namespace caption
