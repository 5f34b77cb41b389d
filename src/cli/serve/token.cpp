#include "cli/serve/token.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "caption/error.h"

namespace caption::cli {

std::string read_token(const std::filesystem::path& file) {
  std::ifstream stream(file);
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::usage, file.string() + ": " + why, file);
  };
  if (!stream) refuse(std::string("the token cannot be read: ") + std::strerror(errno));
  std::string token;
  std::getline(stream, token);
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  if (token.empty()) refuse("its first line is empty: write a token into it, as of 'openssl rand -hex 32'");
  for (const char c : token) {
    if (c <= ' ' || c > '~')
      refuse("the token has characters that a header cannot have: take letters and digits");
  }
  return token;
}

}  // namespace caption::cli
