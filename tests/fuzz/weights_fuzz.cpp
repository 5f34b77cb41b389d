// A deterministic fuzzer of read_weights: mutated copies of good files must be read or refused with
// Error(model), nothing else. Usage: fuzz_weights ITERATIONS SEED FILE_OR_FOLDER... Build it with sanitizers.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "../unit/weights/zip_writer.h"
#include "caption/error.h"
#include "weights/weights.h"
#include "weights/zip.h"

namespace {

using Bytes = std::string;
using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t limit) {
  return limit == 0 ? 0 : random() % limit;
}

std::vector<Bytes> read_seeds(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::filesystem::path> files;
  for (const auto& path : paths) {
    if (!std::filesystem::is_directory(path))
      files.push_back(path);
    else
      for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Bytes> seeds;
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

/// Numbers at which arithmetic tends to break.
void write_number(Random& random, Bytes& bytes) {
  constexpr std::uint64_t kNumbers[] = {0,          1,          0x7f,       0xff,       0x7fff,
                                        0xffff,     0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff,
                                        1ULL << 63, ~0ULL,      1ULL << 62, 0x100000001};
  const std::uint64_t number = kNumbers[below(random, std::size(kNumbers))];
  const std::size_t width = std::size_t{1} << below(random, 4);
  const std::size_t at = below(random, bytes.size());
  for (std::size_t i = 0; i < width && at + i < bytes.size(); ++i)
    bytes[at + i] = static_cast<char>(number >> (8 * i));
}

void mutate(Random& random, Bytes& bytes, const std::vector<Bytes>& seeds) {
  const std::size_t at = below(random, bytes.size());
  switch (below(random, 7)) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
      break;
    case 1:
      if (!bytes.empty()) bytes[at] = static_cast<char>(random());
      break;
    case 2:
      write_number(random, bytes);
      break;
    case 3:
      bytes.resize(at);
      break;
    case 4:
      bytes.erase(at, 1 + below(random, 16));
      break;
    case 5: {
      const Bytes& other = seeds[below(random, seeds.size())];
      const std::size_t from = below(random, other.size());
      const Bytes part = other.substr(from, 1 + below(random, 64));
      if (random() % 2 == 0)
        bytes.insert(at, part);
      else
        bytes.replace(at, part.size(), part);
      break;
    }
    default:
      bytes.insert(at, bytes.substr(below(random, bytes.size()), 1 + below(random, 32)));
      break;
  }
}

/// An archive with right checksums around a record that is mutated, so that the pickles behind the checksums
/// are reached. Empty if `seed` is no archive.
Bytes mutate_inside(Random& random, const Bytes& seed, const std::filesystem::path& path,
                    const std::vector<Bytes>& seeds) {
  if (!seed.starts_with("PK")) return {};
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(seed.data(), static_cast<std::streamsize>(seed.size()));
  const auto file = caption::MappedFile::open(path);
  const caption::ZipArchive archive(*file);
  std::vector<caption::test::Record> records;
  for (const auto& [name, record] : archive.records()) {
    records.push_back({.name = name, .bytes = caption::as_text(record.bytes), .method = record.method});
    if (name.ends_with("/data.pkl") || below(random, 16) == 0) mutate(random, records.back().bytes, seeds);
  }
  return caption::test::zip_of(records);
}

/// Reads every element, as a program that uses the weights would.
double use(const caption::WeightFile& file) {
  double sum = 0;
  for (const auto& [name, tensor] : file.tensors) {
    const caption::Tensor flat = tensor.contiguous();
    const std::size_t bytes = static_cast<std::size_t>(flat.numel()) * caption::item_size(flat.dtype());
    for (std::size_t i = 0; i < bytes; ++i) sum += std::to_integer<int>(flat.bytes()[i]);
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: fuzz_weights ITERATIONS SEED FILE_OR_FOLDER...\n";
    return 2;
  }
  const std::uint64_t iterations = std::strtoull(argv[1], nullptr, 10);
  const std::uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  const std::vector<Bytes> seeds = read_seeds({argv + 3, argv + argc});
  const auto path = std::filesystem::temp_directory_path() / ("fuzz_weights_" + std::to_string(::getpid()));
  std::uint64_t accepted = 0;
  double sum = 0;
  for (std::uint64_t i = 0; i < iterations; ++i) {
    Random random(seed + i);
    Bytes bytes = seeds[below(random, seeds.size())];
    const Bytes inside = i % 4 < 2 ? mutate_inside(random, bytes, path, seeds) : Bytes();
    if (!inside.empty())
      bytes = inside;
    else
      for (std::size_t n = 1 + below(random, 4); n > 0; --n) mutate(random, bytes, seeds);
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    try {
      const caption::WeightFile file =
          caption::read_weights(path, i % 2 == 0 ? caption::Checksums::structure : caption::Checksums::all);
      sum += use(file);
      ++accepted;
    } catch (const caption::Error& error) {
      if (error.kind() != caption::ErrorKind::model) {
        std::cerr << "iteration " << seed + i << ": " << error.what() << "\n";
        return 1;
      }
    } catch (const std::exception& error) {
      std::cerr << "iteration " << seed + i << ": not an Error(model): " << error.what() << "\n";
      return 1;
    }
  }
  std::filesystem::remove(path);
  std::cout << iterations << " files, " << accepted << " accepted (sum " << sum << ")\n";
  return 0;
}
