#pragma once

#include <string>
#include <string_view>

namespace caption {

/// Parts of an address "https://host:port/folder/file?query". What is no such address has none of them.

/// "host:port"
std::string host_of(std::string_view address);
/// "https://host:port"
std::string server_of(std::string_view address);
/// "file"; empty if the address ends with '/'
std::string file_name_of(std::string_view address);
/// Whether `text` begins with http:// or https://.
bool is_web_address(std::string_view text);
/// Whether going from one to the other gives up the encryption.
bool loses_encryption(std::string_view from, std::string_view to);
/// `link` as a page at `address` means it: complete, "/from/the/top" or "beside".
std::string resolve_link(std::string_view address, std::string_view link);

}  // namespace caption
