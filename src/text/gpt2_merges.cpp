#include "text/gpt2_merges.h"

#include <algorithm>
#include <string>

#include "caption/error.h"

namespace caption {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& detail) {
  throw Error(ErrorKind::model, path.string() + ": " + detail, path);
}

}  // namespace

Gpt2Merges::Gpt2Merges(const Gpt2Vocabulary& vocabulary, std::string_view text,
                       const std::filesystem::path& path) {
  ids_.reserve(static_cast<std::size_t>(vocabulary.size()));
  for (std::int32_t id = 0; id < vocabulary.size(); ++id) {
    const auto [other, added] = ids_.try_emplace(vocabulary.bytes(id), id);
    if (!added) {
      fail(vocabulary.path(),
           "ids " + std::to_string(other->second) + " and " + std::to_string(id) + " are the same token");
    }
  }
  for (std::size_t b = 0; b < byte_ids_.size(); ++b) {
    const char byte = static_cast<char>(b);
    byte_ids_[b] = find({&byte, 1});
    if (byte_ids_[b] < 0) fail(vocabulary.path(), "there is no token for byte " + std::to_string(b));
  }
  merges_.reserve(static_cast<std::size_t>(vocabulary.size()));
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const bool version = number == 1 && line.starts_with("#version");
    const bool last = text.empty() && line.empty();
    if (!version && !last) add(line, "line " + std::to_string(number) + ": ", path);
  }
}

void Gpt2Merges::add(std::string_view line, std::string_view place, const std::filesystem::path& path) {
  const auto fail_here = [&](const std::string& detail) { fail(path, std::string(place) + detail); };
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos || space + 1 == line.size()) {
    fail_here("expected two tokens with a space between them, found \"" + std::string(line) + "\"");
  }
  const auto token = [&](std::string_view written) {
    std::string bytes;
    const std::int32_t id = append_gpt2_bytes(written, bytes) ? find(bytes) : -1;
    if (id < 0) fail_here("\"" + std::string(written) + "\" is not in the vocabulary");
    return id;
  };
  const std::string_view left = line.substr(0, space);
  const std::string_view right = line.substr(space + 1);
  const std::int32_t merged = token(std::string(left) + std::string(right));
  if (!merges_.add(token(left), token(right), merged)) {
    fail_here("\"" + std::string(line) + "\" stands there twice");
  }
}

std::int32_t Gpt2Merges::find(std::string_view bytes) const {
  const auto found = ids_.find(bytes);
  return found == ids_.end() ? -1 : found->second;
}

void Gpt2Merges::encode(std::string_view piece, std::vector<std::int32_t>& ids) const {
  std::vector<std::int32_t> bytes(piece.size());
  std::transform(piece.begin(), piece.end(), bytes.begin(),
                 [this](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; });
  merges_.merge(bytes, ids);
}

}  // namespace caption
