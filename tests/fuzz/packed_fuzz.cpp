// A deterministic fuzzer of files of packed matrices: mutated ones must be read or refused with Error(model),
// and what is taken from one must lie inside of it. Usage: fuzz_packed ITERATIONS SEED. Build it with
// sanitizers.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "../unit/model/packed_text.h"
#include "caption/error.h"
#include "model/packed_reader.h"

namespace {

using caption::PackedHeader;
using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t limit) {
  return limit == 0 ? 0 : random() % limit;
}

constexpr std::int64_t kOut = 130;
constexpr std::int64_t kIn = 70;
constexpr caption::DType kTypes[] = {caption::DType::fp32, caption::DType::bf16, caption::DType::int8};

/// A matrix of each type, the file's bytes ending with the last one's.
PackedHeader example() {
  PackedHeader header;
  header.layout = "layout";
  header.precision = "int8";
  header.sources = {{"clip.pt", 1000, 17, "abc"}};
  const auto place = [&header](std::size_t bytes) {
    header.bytes += bytes;
    return bytes == 0 ? 0 : header.bytes - bytes;
  };
  for (const caption::DType type : kTypes) {
    const std::string name(caption::name_of(type));
    const caption::PackedSizes sizes = caption::packed_sizes(kOut, kIn, type);
    PackedHeader::Matrix& matrix = header.matrices[name];
    matrix = {kOut, kIn, name};
    matrix.words = place(sizes.words);
    matrix.bias = place(sizes.bias);
    matrix.scales = place(sizes.only_int8);
    matrix.corrections = place(sizes.only_int8);
  }
  return header;
}

/// Values at which arithmetic tends to break, and some that are nearly right.
nlohmann::json strange_value(Random& random, const PackedHeader& header) {
  const nlohmann::json values[] = {0,
                                   1,
                                   -1,
                                   63,
                                   64,
                                   header.bytes,
                                   header.bytes - 64,
                                   header.bytes + 64,
                                   header.payload,
                                   1ULL << 63,
                                   ~0ULL,
                                   ~0ULL - 63,
                                   INT64_MIN,
                                   1e300,
                                   -0.5,
                                   nullptr,
                                   true,
                                   "int8",
                                   "fp32",
                                   nlohmann::json::array()};
  if (random() % 4 == 0) return below(random, header.bytes / 64 + 2) * 64;
  return values[below(random, std::size(values))];
}

/// Some values of the header exchanged; the hash is right, so that what is behind it is reached.
std::string mutate_values(Random& random, const PackedHeader& header, const std::string& body) {
  nlohmann::json fields = nlohmann::json::parse(body);
  for (std::size_t n = 1 + below(random, 3); n > 0; --n) {
    const nlohmann::json flat = fields.flatten();
    auto chosen = flat.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(below(random, flat.size())));
    fields[nlohmann::json::json_pointer(chosen.key())] = strange_value(random, header);
  }
  return fields.dump();
}

std::string mutate_bytes(Random& random, std::string bytes) {
  for (std::size_t n = 1 + below(random, 4); n > 0 && !bytes.empty(); --n) {
    const std::size_t at = below(random, bytes.size());
    switch (below(random, 4)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
        break;
      case 1:
        bytes.resize(at);
        break;
      case 2:
        bytes.erase(at, 1 + below(random, 16));
        break;
      default:
        bytes.insert(at, bytes.substr(below(random, bytes.size()), 1 + below(random, 32)));
    }
  }
  return bytes;
}

/// Reads all of what the file gives for the three matrices, as a program that uses them would. -> how many
std::uint64_t use(const std::filesystem::path& path, unsigned& sum) {
  const auto store = caption::open_packed({path, caption::read_packed_header(path)});
  std::uint64_t taken = 0;
  for (const caption::DType type : kTypes) {
    const caption::PackedSizes sizes = caption::packed_sizes(kOut, kIn, type);
    bool packed = false;
    const auto pack = [&]() -> caption::PackedWeights {
      packed = true;
      const auto memory = [](std::size_t bytes) {
        return caption::WeightMemory(std::max<std::size_t>(bytes, 1));
      };
      return {kIn,
              kOut,
              type,
              sizes.steps,
              sizes.panels,
              memory(sizes.words),
              memory(sizes.bias),
              memory(sizes.only_int8),
              memory(sizes.only_int8)};
    };
    const caption::PackedWeights weights =
        store->get({std::string(caption::name_of(type)), kOut, kIn, type}, pack);
    if (packed) continue;
    ++taken;
    const auto read = [&sum](const caption::WeightMemory& memory, std::size_t bytes) {
      for (std::size_t i = 0; i < bytes; ++i) sum += static_cast<unsigned>(memory.data()[i]);
    };
    read(weights.words, sizes.words);
    read(weights.bias, sizes.bias);
    read(weights.scales, sizes.only_int8);
    read(weights.corrections, sizes.only_int8);
  }
  return taken;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: fuzz_packed ITERATIONS SEED\n";
    return 2;
  }
  const std::uint64_t iterations = std::strtoull(argv[1], nullptr, 10);
  const std::uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  PackedHeader header = example();
  const std::string good = header_text(header);
  const std::string body = good.substr(64, good.find('\0') - 64);
  const auto path = std::filesystem::temp_directory_path() / ("fuzz_packed_" + std::to_string(::getpid()));
  std::uint64_t accepted = 0;
  std::uint64_t matrices = 0;
  unsigned sum = 0;
  for (std::uint64_t i = 0; i < iterations; ++i) {
    Random random(seed + i);
    // Without the zeros up to the matrices, which resize_file makes.
    std::string front = i % 4 < 2    ? caption::test::packed_text(mutate_values(random, header, body), 0)
                        : i % 4 == 2 ? caption::test::packed_text(mutate_bytes(random, body), 0)
                                     : mutate_bytes(random, good.substr(0, 64 + body.size()));
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(front.data(), static_cast<std::streamsize>(front.size()));
    const bool whole = random() % 16 != 0;
    std::filesystem::resize_file(path, whole ? header.payload + header.bytes : below(random, good.size()));
    try {
      matrices += use(path, sum);
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
  std::cout << iterations << " files, " << accepted << " accepted with " << matrices << " matrices (sum "
            << sum << ")\n";
  return 0;
}
