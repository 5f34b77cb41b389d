#include "text/file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "caption/error.h"

namespace caption {

std::string read_tokenizer_file(const std::filesystem::path& path) {
  const auto fail = [&](int error) {
    throw Error(ErrorKind::model,
                path.string() + ": cannot read this tokenizer file: " + std::strerror(error), path);
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) fail(errno);
  std::string bytes;
  char block[1 << 16];
  while (const std::size_t count = std::fread(block, 1, sizeof block, file.get())) bytes.append(block, count);
  if (std::ferror(file.get())) fail(errno);
  return bytes;
}

}  // namespace caption
