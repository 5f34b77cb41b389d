#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace caption {

/// The names by which a server of this machine is asked for. A page of the web can have its own name resolved
/// to 127.0.0.1 (DNS rebinding): its browser then takes our answers for that page's, and shows them to it.
/// The Host header still has the page's name. As Jupyter does, only names that cannot be resolved to anything
/// else are answered, and those that whoever starts the server has named.
class HostNames {
 public:
  /// `more`: beside those of this machine.
  explicit HostNames(const std::vector<std::string>& more);

  /// Whether a Host header, "NAME" or "NAME:PORT", names this machine. None at all does: no browser is
  /// without.
  bool know(std::string_view host) const;

 private:
  std::vector<std::string> more_;
};

}  // namespace caption
