#include "model/packed_header.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kMagic = "caption-packed ";
constexpr std::size_t kPrologue = 64;
constexpr std::uint64_t kPage = std::uint64_t{2} << 20;
constexpr std::uint64_t kPart = 64;
constexpr std::uint64_t kMostHeader = std::uint64_t{16} << 20;

[[noreturn]] void fail(const fs::path& file, const std::string& detail) {
  throw Error(ErrorKind::model, file.string() + ": " + detail, file);
}

json to_json(const PackedHeader& header) {
  json sources = json::array();
  for (const PackedHeader::Source& s : header.sources) {
    sources.push_back({{"name", s.name}, {"bytes", s.bytes}, {"modified", s.modified}, {"sha256", s.sha256}});
  }
  json matrices = json::object();
  for (const auto& [origin, m] : header.matrices) {
    matrices[origin] = {{"out", m.out},
                        {"in", m.in},
                        {"type", m.type},
                        {"words", m.words},
                        {"bias", m.bias},
                        {"scales", m.scales},
                        {"corrections", m.corrections}};
  }
  return {{"layout", header.layout}, {"precision", header.precision}, {"sources", sources},
          {"matrices", matrices},    {"payload", header.payload},     {"bytes", header.bytes},
          {"sha256", header.sha256}};
}

/// Throws the library's exceptions for what is missing or of another type.
PackedHeader from_json(const json& object) {
  PackedHeader header;
  object.at("layout").get_to(header.layout);
  object.at("precision").get_to(header.precision);
  object.at("payload").get_to(header.payload);
  object.at("bytes").get_to(header.bytes);
  object.at("sha256").get_to(header.sha256);
  for (const json& s : object.at("sources")) {
    header.sources.push_back({s.at("name"), s.at("bytes"), s.at("modified"), s.at("sha256")});
  }
  for (const auto& [origin, m] : object.at("matrices").items()) {
    header.matrices[origin] = {m.at("out"),  m.at("in"),     m.at("type"),       m.at("words"),
                               m.at("bias"), m.at("scales"), m.at("corrections")};
  }
  return header;
}

/// Offsets only: how long the parts are is told by the shapes, which the reader takes from the weight files.
void check_places(const fs::path& file, const PackedHeader& header, std::uint64_t header_end) {
  std::error_code error;
  const std::uint64_t bytes = fs::file_size(file, error);
  if (error) fail(file, error.message());
  if (header.payload % kPage != 0 || header.payload < header_end || header.payload > bytes) {
    fail(file, "its matrices are said to begin at " + std::to_string(header.payload));
  }
  if (bytes - header.payload != header.bytes) {
    fail(file, "holds " + std::to_string(bytes - header.payload) + " bytes of matrices instead of " +
                   std::to_string(header.bytes) + ": it was cut off");
  }
  const auto good = [&](std::uint64_t at) { return at <= header.bytes && at % kPart == 0; };
  for (const auto& [origin, m] : header.matrices) {
    if (m.out < 1 || m.in < 1 || !good(m.words) || !good(m.bias) || !good(m.scales) || !good(m.corrections)) {
      fail(file, "a matrix has an impossible shape or place");
    }
  }
}

/// The header's length; `check` becomes its hash.
std::uint64_t parse_prologue(const fs::path& file, std::string_view prologue, std::string& check) {
  if (!prologue.starts_with(kMagic)) fail(file, "is no file of packed matrices");
  std::uint64_t numbers[2] = {};
  const char* at = prologue.data() + kMagic.size();
  const char* const end = prologue.data() + prologue.size();
  for (std::uint64_t& number : numbers) {
    const auto [stop, error] = std::from_chars(at, end, number);
    if (error != std::errc() || stop == end || *stop != ' ') fail(file, "its first line is damaged");
    at = stop + 1;
  }
  if (numbers[0] != PackedHeader::kFormat) {
    fail(file, "is of format " + std::to_string(numbers[0]) + ", not " +
                   std::to_string(PackedHeader::kFormat) + ": another version of this program wrote it");
  }
  check = std::string(at, std::min<std::size_t>(16, static_cast<std::size_t>(end - at)));
  if (numbers[1] > kMostHeader) fail(file, "its header is too long to be one");
  return numbers[1];
}

std::string read_bytes(std::ifstream& stream, std::uint64_t count) {
  std::string text(static_cast<std::size_t>(count), '\0');
  stream.read(text.data(), static_cast<std::streamsize>(count));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

}  // namespace

std::string text_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(hash >> shift) & 15U];
  return digits;
}

std::string header_text(PackedHeader& header) {
  // The place of the matrices is in the header before it: once more, until it fits.
  std::string text;
  std::uint64_t payload = 0;
  do {
    header.payload = payload;
    const std::string body = to_json(header).dump(-1, ' ', true);
    text = std::string(kMagic) + std::to_string(PackedHeader::kFormat) + " " + std::to_string(body.size()) +
           " " + text_hash(body);
    text.resize(kPrologue - 1, ' ');
    text += "\n" + body;
    payload = (text.size() + kPage - 1) / kPage * kPage;
  } while (payload != header.payload);
  text.resize(static_cast<std::size_t>(payload), '\0');
  return text;
}

PackedHeader read_packed_header(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) fail(file, "is no file");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) fail(file, std::strerror(errno));
  const std::string prologue = read_bytes(stream, kPrologue);
  std::string check;
  const std::uint64_t length = parse_prologue(file, prologue, check);
  const std::string body = read_bytes(stream, length);
  if (body.size() != length || text_hash(body) != check) fail(file, "its header is damaged");
  PackedHeader header;
  try {
    header = from_json(json::parse(body));
  } catch (const json::exception& error) {
    fail(file, std::string("its header is damaged: ") + error.what());
  }
  check_places(file, header, kPrologue + length);
  return header;
}

std::vector<PackedHeader::Source> packed_sources(const fs::path& folder, const Manifest& manifest) {
  const std::set<std::string> names = {manifest.encoder.file, manifest.mapper.file,
                                       manifest.language_model.file};
  std::vector<PackedHeader::Source> sources;
  for (const std::string& name : names) {
    struct stat status {};
    const fs::path file = folder / name;
    if (::stat(file.c_str(), &status) != 0) fail(file, std::strerror(errno));
    PackedHeader::Source& source = sources.emplace_back();
    source.name = name;
    source.bytes = static_cast<std::uint64_t>(status.st_size);
    source.modified = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    for (const Manifest::File& listed : manifest.files) {
      if (listed.name == name) source.sha256 = listed.sha256;
    }
  }
  return sources;
}

}  // namespace caption
