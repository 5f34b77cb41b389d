#include "text/gpt2_merges.h"

#include <algorithm>
#include <limits>
#include <string>

#include "caption/error.h"

namespace caption {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
}

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& detail) {
  throw Error(ErrorKind::model, path.string() + ": " + detail, path);
}

}  // namespace

/// A token of the piece being encoded, in a list that shrinks as tokens merge.
struct Gpt2Merges::Symbol {
  std::int32_t id;
  std::size_t previous;
  std::size_t next;
};

/// A merge that was possible when it was found; stale if either token has changed since.
struct Gpt2Merges::Offer {
  std::uint32_t rank;
  std::size_t left;  ///< place of the left token
  std::int32_t left_id;
  std::int32_t right_id;
  std::int32_t merged;

  /// Order of a heap whose top is the lowest rank, the leftmost first.
  bool operator<(const Offer& other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

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
  const Merge merge{static_cast<std::uint32_t>(merges_.size()),
                    token(std::string(left) + std::string(right))};
  if (!merges_.try_emplace(pair_key(token(left), token(right)), merge).second) {
    fail_here("\"" + std::string(line) + "\" stands there twice");
  }
}

std::int32_t Gpt2Merges::find(std::string_view bytes) const {
  const auto found = ids_.find(bytes);
  return found == ids_.end() ? -1 : found->second;
}

const Gpt2Merges::Merge* Gpt2Merges::find_merge(std::int32_t left, std::int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void Gpt2Merges::offer(const std::vector<Symbol>& symbols, std::size_t left,
                       std::vector<Offer>& offers) const {
  if (left == kNone || symbols[left].next == kNone) return;
  const std::int32_t left_id = symbols[left].id;
  const std::int32_t right_id = symbols[symbols[left].next].id;
  const Merge* merge = find_merge(left_id, right_id);
  if (merge == nullptr) return;
  offers.push_back({merge->rank, left, left_id, right_id, merge->merged});
  std::push_heap(offers.begin(), offers.end());
}

void Gpt2Merges::encode(std::string_view piece, std::vector<std::int32_t>& ids) const {
  constexpr std::int32_t kGone = -1;
  std::vector<Symbol> symbols(piece.size());
  std::vector<Offer> offers;
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const std::size_t next = i + 1 < piece.size() ? i + 1 : kNone;
    symbols[i] = {byte_ids_[static_cast<unsigned char>(piece[i])], i == 0 ? kNone : i - 1, next};
  }
  for (std::size_t i = 0; i < symbols.size(); ++i) offer(symbols, i, offers);
  while (!offers.empty()) {
    std::pop_heap(offers.begin(), offers.end());
    const Offer best = offers.back();
    offers.pop_back();
    Symbol& left = symbols[best.left];
    if (left.id != best.left_id || left.next == kNone || symbols[left.next].id != best.right_id) continue;
    Symbol& right = symbols[left.next];
    left.id = best.merged;
    left.next = right.next;
    right.id = kGone;
    if (left.next != kNone) symbols[left.next].previous = best.left;
    offer(symbols, left.previous, offers);
    offer(symbols, best.left, offers);
  }
  for (std::size_t i = piece.empty() ? kNone : 0; i != kNone; i = symbols[i].next)
    ids.push_back(symbols[i].id);
}

}  // namespace caption
