#include "records/exact_json.h"

#include <cstddef>

#include "base/utf8.h"

namespace caption {

std::string characters_of(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) append_utf8(static_cast<unsigned char>(c), text);
  return text;
}

std::string bytes_of(const std::string& characters) {
  std::string bytes;
  for (std::size_t at = 0; at < characters.size();) {
    const CodePoint point = code_point_at(characters, at);
    bytes += static_cast<char>(point.value);
    at += point.bytes;
  }
  return bytes;
}

void add_state(const std::optional<FileState>& state, Json& json) {
  if (!state) return;
  json["bytes"] = state->bytes;
  json["changed"] = state->changed_ns;
}

std::optional<FileState> state_in(const Json& json) {
  const auto bytes = json.find("bytes");
  const auto changed = json.find("changed");
  if (bytes == json.end() || changed == json.end() || !bytes->is_number_unsigned() ||
      !changed->is_number_integer())
    return std::nullopt;
  return FileState{bytes->get<std::uint64_t>(), changed->get<std::int64_t>()};
}

}  // namespace caption
