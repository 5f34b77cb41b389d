#include "fetch/address.h"

#include <algorithm>

namespace caption {
namespace {

constexpr std::string_view kEncrypted = "https://";
constexpr std::string_view kPlain = "http://";

/// Where the path begins: at the '/', '?' or '#' behind the host, or at the end.
std::size_t path_start(std::string_view address) {
  const std::size_t scheme = address.find("://");
  if (scheme == std::string_view::npos) return address.size();
  return std::min(address.find_first_of("/?#", scheme + 3), address.size());
}

}  // namespace

bool is_web_address(std::string_view text) {
  return text.starts_with(kEncrypted) || text.starts_with(kPlain);
}

std::string server_of(std::string_view address) {
  return std::string(is_web_address(address) ? address.substr(0, path_start(address)) : std::string_view());
}

std::string host_of(std::string_view address) {
  std::string server = server_of(address);
  if (server.empty()) return server;
  server.erase(0, server.find("://") + 3);
  if (const std::size_t user = server.rfind('@'); user != std::string::npos) server.erase(0, user + 1);
  return server;
}

std::string file_name_of(std::string_view address) {
  std::string_view path = address.substr(path_start(address));
  path = path.substr(0, path.find_first_of("?#"));
  return std::string(path.substr(path.rfind('/') + 1));
}

bool loses_encryption(std::string_view from, std::string_view to) {
  return from.starts_with(kEncrypted) && !to.starts_with(kEncrypted);
}

std::string resolve_link(std::string_view address, std::string_view link) {
  if (is_web_address(link)) return std::string(link);
  const std::string server = server_of(address);
  if (link.starts_with("//")) return server.substr(0, server.find("//")).append(link);
  if (link.starts_with("/")) return server + std::string(link);
  std::string_view folder = address.substr(0, std::min(address.find_first_of("?#"), address.size()));
  folder = folder.substr(0, folder.rfind('/') + 1);
  return (folder.size() <= server.size() ? server + "/" : std::string(folder)).append(link);
}

}  // namespace caption
