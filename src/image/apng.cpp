#include "image/apng.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/crc32.h"
#include "image/container.h"

namespace caption {
namespace {

using std::string_view_literals::operator""sv;

void append_big32(std::vector<std::uint8_t>& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<std::uint8_t>(value >> shift));
}

void append_chunk(std::vector<std::uint8_t>& to, std::string_view type, Bytes data) {
  append_big32(to, static_cast<std::uint32_t>(data.size()));
  const std::size_t start = to.size();
  to.insert(to.end(), type.begin(), type.end());
  append(to, data);
  append_big32(to, crc32(std::as_bytes(std::span(to).subspan(start))));
}

}  // namespace

void ApngFrames::share(Bytes chunk) {
  shared_.push_back(chunk);
}

void ApngFrames::control(Bytes data) {
  if (data.size() != 26) fail_damaged("PNG", "a frame's header has the wrong length");
  Frame frame;
  frame.place = {big32(data, 12), big32(data, 16), big32(data, 4), big32(data, 8)};
  frame.after = data[24] == 1 ? After::clear : data[24] == 2 ? After::restore : After::keep;
  frame.blend = data[25] == 1 ? blend_over : replace;
  const Bytes header = shared_.front();
  if (frame.place.width < 1 || frame.place.height < 1 ||
      frame.place.x + frame.place.width > std::int64_t{big32(header, 8)} ||
      frame.place.y + frame.place.height > std::int64_t{big32(header, 12)}) {
    fail_damaged("PNG", "a frame of it lies outside of its canvas");
  }
  frames_.push_back(frame);
}

void ApngFrames::add_data(Bytes data) {
  if (frames_.empty() || data.size() < 4) fail_damaged("PNG", "a frame of it has no header");
  frames_.back().data.push_back(data.subspan(4));  // behind its number
}

void ApngFrames::add_first_data(Bytes data) {
  if (frames_.empty()) {
    own_picture_ = true;
    frames_.emplace_back();
  }
  frames_.back().data.push_back(data);
}

std::vector<std::uint8_t> ApngFrames::file_of(const Frame& frame) const {
  std::vector<std::uint8_t> file;
  append(file, Bytes(reinterpret_cast<const std::uint8_t*>("\x89PNG\r\n\x1A\n"), 8));
  std::vector<std::uint8_t> header;
  append_big32(header, static_cast<std::uint32_t>(frame.place.width));
  append_big32(header, static_cast<std::uint32_t>(frame.place.height));
  append(header, shared_.front().subspan(16, 5));  // depth, colour and so on
  append_chunk(file, "IHDR"sv, header);
  for (const Bytes chunk : std::span(shared_).subspan(1)) append(file, chunk);
  for (const Bytes data : frame.data) append_chunk(file, "IDAT"sv, data);
  append_chunk(file, "IEND"sv, {});
  return file;
}

std::vector<Layer> ApngFrames::layers(int frame) const {
  const auto count = static_cast<std::int64_t>(frames_.size());
  if (frame >= count) fail_no_frame("PNG", frame, count);
  std::vector<Layer> layers;
  for (std::size_t i = own_picture_ ? 1 : 0; i <= static_cast<std::size_t>(frame); ++i) {
    const Frame& one = frames_[i];
    if (one.data.empty()) fail_damaged("PNG", "a frame of it holds no picture");
    layers.push_back({file_of(one), one.place, one.after, one.blend});
    // There is nothing before the first one that could come back.
    if (layers.size() == 1 && one.after == After::restore) layers.front().after = After::clear;
  }
  return layers;
}

}  // namespace caption
