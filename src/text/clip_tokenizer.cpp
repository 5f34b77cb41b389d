#include "text/clip_tokenizer.h"

#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "caption/error.h"
#include "text/file.h"
#include "text/gpt2_vocabulary.h"
#include "text/pretokenize.h"
#include "text/small_letters.h"

namespace caption {
namespace {

constexpr std::string_view kStart = "<|startoftext|>";
constexpr std::string_view kEnd = "<|endoftext|>";
constexpr std::string_view kWordEnd = "</w>";
constexpr std::int32_t kBytes = 256;

/// A special token's name in a text.
struct Special {
  std::size_t place;
  std::string_view name;
};

std::optional<Special> find_special(std::string_view text) {
  std::optional<Special> first;
  for (const std::string_view name : {kStart, kEnd}) {
    const std::size_t place = text.find(name);
    if (place != std::string_view::npos && (!first || place < first->place)) first = Special{place, name};
  }
  return first;
}

}  // namespace

ClipTokenizer::ClipTokenizer(const std::filesystem::path& path) {
  Ids ids;
  // Bytes have their ids in the order of the characters that stand for them in the file: from '!' on.
  for (char32_t character = '!'; ids.size() < static_cast<std::size_t>(kBytes); ++character) {
    std::string written;
    std::string byte;
    append_utf8(character, written);
    if (!append_gpt2_bytes(written, byte)) continue;
    const auto id = static_cast<std::int32_t>(ids.size());
    byte_ids_[static_cast<unsigned char>(byte[0])] = id;
    ids.emplace(std::move(written), id);
  }
  Ids at_ends;
  for (const auto& [written, id] : ids) at_ends.emplace(written + std::string(kWordEnd), id + kBytes);
  ids.merge(at_ends);

  const std::string file = read_tokenizer_file(path);
  const auto lines = static_cast<std::size_t>(std::count(file.begin(), file.end(), '\n')) + 1;
  ids.reserve(ids.size() + lines);
  merges_.reserve(lines);
  std::string_view text = file;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (number == 1 && line.starts_with("#version")) continue;
    try {
      add(line, ids);
    } catch (const Error& error) {
      throw Error(ErrorKind::model, path.string() + ": line " + std::to_string(number) + ": " + error.what(),
                  path);
    }
  }
  end_ = static_cast<std::int32_t>(ids.size()) + 1;
}

void ClipTokenizer::add(std::string_view line, Ids& ids) {
  const auto fail = [](const std::string& detail) { throw Error(ErrorKind::model, detail); };
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos || space + 1 == line.size())
    fail("expected two tokens with a space between them, found \"" + std::string(line) + "\"");
  const std::string left(line.substr(0, space));
  const std::string right(line.substr(space + 1));
  const auto token = [&](const std::string& written) {
    const auto found = ids.find(written);
    if (found == ids.end()) fail("\"" + written + "\" is made by no line before");
    return found->second;
  };
  const std::int32_t left_id = token(left);
  const std::int32_t right_id = token(right);
  const auto merged = static_cast<std::int32_t>(ids.size());
  if (!ids.emplace(left + right, merged).second) fail("\"" + left + right + "\" is there already");
  merges_.add(left_id, right_id, merged);
}

ClipTokens ClipTokenizer::encode(std::string_view utf8, std::size_t most) const {
  require_utf8(utf8);
  ClipTokens tokens;
  tokens.ids.push_back(start());
  while (const std::optional<Special> special = find_special(utf8)) {
    encode_text(utf8.substr(0, special->place), tokens.ids);
    tokens.ids.push_back(special->name == kStart ? start() : end());
    utf8.remove_prefix(special->place + special->name.size());
  }
  encode_text(utf8, tokens.ids);
  tokens.cut = tokens.ids.size() + 1 > most;
  if (tokens.cut) tokens.ids.resize(most - 1);
  tokens.ids.push_back(end());
  return tokens;
}

void ClipTokenizer::encode_text(std::string_view text, std::vector<std::int32_t>& ids) const {
  const std::string small = small_letters(text);
  std::string_view rest = small;
  for (std::string_view piece = take_clip_piece(rest); !piece.empty(); piece = take_clip_piece(rest)) {
    if (piece == kStart || piece == kEnd) {  // it was written in capitals, so that it is three pieces of text
      encode_piece(piece.substr(0, 2), ids);
      encode_piece(piece.substr(2, piece.size() - 4), ids);
      encode_piece(piece.substr(piece.size() - 2), ids);
    } else {
      encode_piece(piece, ids);
    }
  }
}

void ClipTokenizer::encode_piece(std::string_view piece, std::vector<std::int32_t>& ids) const {
  std::vector<std::int32_t> symbols(piece.size());
  std::transform(piece.begin(), piece.end(), symbols.begin(),
                 [this](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; });
  symbols.back() += kBytes;
  merges_.merge(symbols, ids);
}

}  // namespace caption
