#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace caption {

/// Is told how a download goes. One thread.
class FetchObserver {
 public:
  virtual ~FetchObserver() = default;
  /// `name` begins to come from `address`; `have` bytes of `total`, if that is known, are there already.
  virtual void started(const std::string& name, const std::string& address, std::uint64_t have,
                       std::optional<std::uint64_t> total) = 0;
  virtual void received(std::uint64_t bytes) = 0;
  /// It is complete.
  virtual void finished(const std::string& name) = 0;
  /// Something that a person should know: why an address is left, why it starts again. Printable.
  virtual void note(const std::string& text) = 0;
};

}  // namespace caption
