#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fetch/download.h"
#include "fetch/partial_file.h"
#include "fetch/transfer.h"

namespace caption {

/// Takes one response to a request for a file: its bytes go into the file, unless they are a page, or the
/// answer is another than "here it is".
class Receiver : public ResponseSink {
 public:
  enum class Got { nothing, weights, page };

  /// `asked`: the address that was asked for first, under which the file is remembered.
  Receiver(const Wanted& wanted, const std::string& asked, PartialFile& partial, FetchObserver& observer)
      : wanted_(wanted), asked_(asked), partial_(partial), observer_(observer) {}

  void begin(const HttpResponse& response) override;
  /// Throws AddressFailed if the size that was announced cannot be right, or more comes than that or than the
  /// file can have; Error(output) if there is no room.
  void take(std::span<const std::byte> bytes) override;
  /// After the last byte.
  void finish();

  const HttpResponse& response() const { return response_; }
  Got got() const { return got_; }
  const std::string& page() const { return page_; }

 private:
  void decide();
  void take_weights(std::span<const std::byte> bytes);
  void require_plausible(std::uint64_t total) const;
  void require_room() const;
  std::uint64_t most() const;

  const Wanted& wanted_;
  const std::string& asked_;
  PartialFile& partial_;
  FetchObserver& observer_;
  HttpResponse response_;
  std::optional<std::uint64_t> total_;  ///< of the whole file, as the server says
  std::string opening_;                 ///< of the body, until it is clear what it is
  Got got_ = Got::nothing;
  std::string page_;
};

/// "12.3 MB"
std::string megabytes(std::uint64_t bytes);

}  // namespace caption
