#include "fetch/receiver.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>

#include "caption/error.h"
#include "fetch/web_page.h"

namespace caption {
namespace {

/// So much of a body tells whether it is a page.
constexpr std::size_t kOpening = 64;
/// More of a page is not read.
constexpr std::size_t kLargestPage = 512 * 1024;
/// A size that was not published is known that well.
constexpr std::uint64_t kTolerance = 2;

std::optional<std::uint64_t> to_size(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

/// What a "Content-Range: bytes 5-9/10" says, if it begins at `start`. -> whether it does, and the whole
/// size if it is told
bool continues_at(std::uint64_t start, std::string_view range, std::optional<std::uint64_t>& total) {
  constexpr std::string_view kUnit = "bytes ";
  const std::size_t slash = range.find('/');
  const std::size_t dash = range.find('-');
  if (!range.starts_with(kUnit) || slash == std::string_view::npos || dash > slash) return false;
  total = to_size(range.substr(slash + 1));
  return to_size(range.substr(kUnit.size(), dash - kUnit.size())) == start;
}

/// What a later request can name to be sure that the file is still the same; weak tags do not do.
std::string validator_of(const HttpResponse& response) {
  const std::string tag = response.header("etag");
  return tag.starts_with('"') ? tag : response.header("last-modified");
}

}  // namespace

std::string megabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

void Receiver::begin(const HttpResponse& response) {
  response_ = response;
  const std::optional<std::uint64_t> length = to_size(response.header("content-length"));
  if (response.status == 206) {
    if (!continues_at(partial_.size(), response.header("content-range"), total_))
      throw AddressFailed{"answers with another part of the file than was asked for"};
  } else if (response.status == 200) {
    total_ = length;
  } else {
    return;
  }
  if (response.header("content-type").starts_with("text/html")) got_ = Got::page;
}

void Receiver::take(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (got_ == Got::weights) {
    take_weights(bytes);
  } else if (got_ == Got::page || (response_.status != 200 && response_.status != 206)) {
    page_.append(text.substr(0, kLargestPage - page_.size()));
  } else {
    opening_.append(text);
    if (opening_.size() >= kOpening) decide();
  }
}

void Receiver::finish() {
  if (got_ == Got::nothing && (response_.status == 200 || response_.status == 206)) decide();
}

/// What the body is, by its first bytes.
void Receiver::decide() {
  if (response_.status == 200 && looks_like_page(opening_)) {
    got_ = Got::page;
    page_ = opening_;
    return;
  }
  got_ = Got::weights;
  if (total_) require_plausible(*total_);
  require_room();
  if (response_.status == 200) partial_.restart({asked_, validator_of(response_), total_});
  observer_.started(wanted_.name, asked_, partial_.size(), total_);
  take_weights(std::as_bytes(std::span(opening_)));
}

void Receiver::take_weights(std::span<const std::byte> bytes) {
  if (partial_.size() + bytes.size() > most()) {
    partial_.discard();
    throw AddressFailed{"sends more than " + megabytes(most()) + ", which this file cannot have"};
  }
  partial_.append(bytes);
  observer_.received(bytes.size());
}

std::uint64_t Receiver::most() const {
  if (total_) return *total_;
  return wanted_.exact ? wanted_.bytes : wanted_.bytes * kTolerance;
}

void Receiver::require_plausible(std::uint64_t total) const {
  if (wanted_.exact && total != wanted_.bytes) {
    throw AddressFailed{"announces " + std::to_string(total) + " bytes, but the file has " +
                        std::to_string(wanted_.bytes)};
  }
  if (!wanted_.exact && (total > wanted_.bytes * kTolerance || total < wanted_.bytes / kTolerance)) {
    throw AddressFailed{"announces " + megabytes(total) + ", but the file has about " +
                        megabytes(wanted_.bytes)};
  }
}

/// Says now that the disk is full, not after a gigabyte.
void Receiver::require_room() const {
  if (!total_) return;
  std::error_code unknown;
  const std::uint64_t free = std::filesystem::space(partial_.folder(), unknown).available;
  const std::uint64_t needed = *total_ - (response_.status == 206 ? std::min(*total_, partial_.size()) : 0);
  if (unknown || free >= needed) return;
  throw Error(ErrorKind::output,
              partial_.folder().string() + ": " + wanted_.name + " needs " + megabytes(needed) +
                  ", and only " + megabytes(free) + " are free there",
              partial_.folder());
}

}  // namespace caption
