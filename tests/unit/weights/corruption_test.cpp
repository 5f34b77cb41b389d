// A thousand random corruptions of a file of each format. Of formats with checksums what is read is what was
// written; the others have none (a bundle's SHA-256 tells), and their tensors keep at least names and shapes
// that fit the file.
#include <cstring>
#include <optional>
#include <random>

#include "archives.h"
#include "scratch_folder.h"

namespace caption::test {
namespace {

constexpr int kCorruptions = 1000;

struct Format {
  const char* file;
  bool has_checksums;
};

bool same(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.sizes() != b.sizes()) return false;
  const Tensor left = a.contiguous();
  const Tensor right = b.contiguous();
  return std::memcmp(left.bytes(), right.bytes(),
                     static_cast<std::size_t>(left.numel()) * item_size(left.dtype())) == 0;
}

bool same(const WeightFile& a, const WeightFile& b) {
  if (a.tensors.size() != b.tensors.size() || a.attributes != b.attributes) return false;
  for (const auto& [name, tensor] : a.tensors) {
    const auto found = b.tensors.find(name);
    if (found == b.tensors.end() || !same(tensor, found->second)) return false;
  }
  return true;
}

class Corrupted : public ScratchFolder, public ::testing::WithParamInterface<Format> {
 protected:
  /// One to four bytes changed, bytes lost, or bytes doubled.
  static std::string corrupt(std::string bytes, std::mt19937& random) {
    const auto below = [&](std::size_t limit) {
      return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };
    const std::size_t at = below(bytes.size());
    switch (below(4)) {
      case 0:
        return bytes.erase(at, 1 + below(16));
      case 1:
        return bytes.insert(at, bytes.substr(at, 1 + below(16)));
      default:
        for (std::size_t i = 0, count = 1 + below(4); i < count; ++i) {
          char& byte = bytes[below(bytes.size())];
          byte = static_cast<char>(byte ^ static_cast<char>(1U << below(8)));
        }
        return bytes;
    }
  }

  /// Nothing if it is refused, which must be an Error(model).
  static std::optional<WeightFile> read_if_accepted(const std::filesystem::path& file) {
    try {
      return read_weights(file, Checksums::all);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::model) << error.what();
      return std::nullopt;
    }
  }
};

TEST_P(Corrupted, IsRefusedOrReadAsItWas) {
  const std::filesystem::path original =
      std::filesystem::path(CAPTION_TEST_DATA) / "weights" / GetParam().file;
  const WeightFile right = read_weights(original, Checksums::all);
  const std::string bytes = read(original);
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < kCorruptions; ++i) {
    const std::string changed = corrupt(bytes, random);
    write("corrupt", changed);
    const std::optional<WeightFile> found = read_if_accepted(folder_ / "corrupt");
    if (!found) {
      ++refused;
    } else if (GetParam().has_checksums) {
      ASSERT_TRUE(same(*found, right)) << "corruption " << i;
    }
  }
  EXPECT_GT(refused, kCorruptions / 4);
}

INSTANTIATE_TEST_SUITE_P(Formats, Corrupted,
                         ::testing::Values(Format{"state_dict.pt", true}, Format{"scripted.pt", true},
                                           Format{"wrapped_protocol5.pt", true}, Format{"views.pt", true},
                                           Format{"state_dict_legacy.pt", false},
                                           Format{"dtypes.safetensors", false}));

}  // namespace
}  // namespace caption::test
