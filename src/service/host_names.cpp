#include "service/host_names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <iterator>

namespace caption {
namespace {

constexpr std::string_view kLocalhost = "localhost";

/// The name in "NAME:PORT", in small letters, and an IPv6 address without its brackets.
std::string name_of(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);  // as DNS writes a name that is whole
  std::string name(host);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name;
}

/// 127.0.0.0/8 and ::1, written as addresses are.
bool is_loopback_address(const std::string& name) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, name.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return ::inet_pton(AF_INET6, name.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace

HostNames::HostNames(const std::vector<std::string>& more) {
  std::transform(more.begin(), more.end(), std::back_inserter(more_), name_of);
}

bool HostNames::know(std::string_view host) const {
  if (host.empty()) return true;
  const std::string name = name_of(host);
  return name == kLocalhost || is_loopback_address(name) ||
         std::find(more_.begin(), more_.end(), name) != more_.end();
}

}  // namespace caption
