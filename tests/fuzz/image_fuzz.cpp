// Damages image files at random, but repeatably, and decodes them, any of their first frames: each must give
// a picture or an Error about one image. Usage: image_fuzz WHERE ITERATIONS SEED FILE... WHERE is "here",
// where a decoder's crash is this program's, or "boxed", where it is one of the outcomes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "caption/error.h"
#include "image/image.h"
#include "image/open_modules.h"

namespace {

using FileBytes = std::vector<char>;

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void mutate(FileBytes& file, const FileBytes& other) {
    for (std::size_t steps = 1 + below(4); steps > 0 && !file.empty(); --steps) step(file, other);
  }

 private:
  /// Half of the damage falls on the first bytes, where the headers are.
  std::size_t place(const FileBytes& file) {
    return below(2) == 0 ? below(std::min<std::size_t>(file.size(), 256)) : below(file.size());
  }

  void step(FileBytes& file, const FileBytes& other) {
    const std::size_t at = place(file);
    switch (below(7)) {
      case 0:
        file[at] = static_cast<char>(file[at] ^ (1 << below(8)));
        break;
      case 1:
        file[at] = static_cast<char>(below(256));
        break;
      case 2: {
        constexpr char kEdges[] = {0, 1, 127, -128, -1};
        for (std::size_t i = at; i < std::min(file.size(), at + 1 + below(4)); ++i)
          file[i] = kEdges[below(5)];
        break;
      }
      case 3:
        file.resize(at);
        break;
      case 4:
        file.erase(offset(file, at), offset(file, std::min(file.size(), at + 1 + below(16))));
        break;
      case 5: {
        const FileBytes piece(offset(file, at), offset(file, std::min(file.size(), at + 1 + below(64))));
        file.insert(offset(file, place(file)), piece.begin(), piece.end());
        break;
      }
      default: {
        const std::size_t from = below(other.size());
        const std::size_t count = std::min({other.size() - from, file.size() - at, 1 + below(64)});
        std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(from), count, offset(file, at));
      }
    }
  }

  static FileBytes::iterator offset(FileBytes& file, std::size_t at) {
    return file.begin() + static_cast<std::ptrdiff_t>(at);
  }

  std::mt19937_64 random_;
};

FileBytes read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return FileBytes(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: %s here|boxed ITERATIONS SEED FILE...\n", argv[0]);
    return 2;
  }
  const long iterations = std::atol(argv[2]);
  Mutator mutator(std::strtoull(argv[3], nullptr, 10));
  std::vector<FileBytes> seeds;
  for (int i = 4; i < argc; ++i) seeds.push_back(read_file(argv[i]));

  caption::ImageOptions options;
  options.max_megapixels = 4;
  options.svg = true;
  options.sandbox = std::string(argv[1]) == "boxed" ? caption::Sandbox::on : caption::Sandbox::off;
  caption::PixelFormat format;
  format.resolution = 32;
  std::map<std::string, long> outcomes;
  for (long i = 0; i < iterations; ++i) {
    FileBytes file = seeds[mutator.below(seeds.size())];
    mutator.mutate(file, seeds[mutator.below(seeds.size())]);
    options.frame = mutator.below(4) == 0 ? static_cast<int>(mutator.below(4)) : 0;
    try {
      caption::to_pixels(caption::decode(std::as_bytes(std::span(file)), options), format);
      ++outcomes["decoded"];
    } catch (const caption::Error& error) {
      if (!caption::concerns_one_image(error.kind())) {
        std::fprintf(stderr, "iteration %ld: %s\n", i, error.what());
        std::ofstream("image_fuzz_failure", std::ios::binary)
            .write(file.data(), static_cast<long>(file.size()));
        return 1;
      }
      const std::string message = error.what();
      const bool ended = message.starts_with("its decoder ");
      ++outcomes[ended ? message : std::string(caption::error_code(error.kind()))];
    }
  }
  for (const auto& [outcome, count] : outcomes) std::printf("%s %ld\n", outcome.c_str(), count);
  return 0;
}
