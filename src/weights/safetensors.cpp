#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "weights/formats.h"
#include "weights/storage.h"

namespace caption {
namespace {

using nlohmann::json;

constexpr std::uint64_t kLargestHeader = 100'000'000;
constexpr int kDeepestHeader = 4;
constexpr std::size_t kMostTensors = 100'000;

struct Entry {
  std::string name;
  DType dtype = DType::fp32;
  Shape shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

json parse_header(const MappedFile& file, std::span<const std::byte> bytes) {
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > kDeepestHeader) file.fail("safetensors header: nested too deep");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      file.fail("safetensors header: the key '" + shown(value.get<std::string>()) + "' is there twice");
    }
    return true;
  };
  const auto* const text = reinterpret_cast<const char*>(bytes.data());
  json header;
  try {
    header = json::parse(text, text + bytes.size(), check);
  } catch (const json::exception& error) {
    file.fail(std::string("safetensors header: ") + shown(error.what()));
  }
  if (!header.is_object()) file.fail("safetensors header: expected a JSON object");
  return header;
}

std::optional<std::vector<std::uint64_t>> as_numbers(const json& value) {
  if (!value.is_array()) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  for (const json& item : value) {
    if (!item.is_number_unsigned()) return std::nullopt;
    numbers.push_back(item.get<std::uint64_t>());
  }
  return numbers;
}

Entry parse_entry(const MappedFile& file, const std::string& name, const json& value) {
  const std::string what = "tensor '" + shown(name) + "'";
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value["dtype"].is_string() ||
      !value.contains("shape") || !value.contains("data_offsets")) {
    file.fail(what + ": expected dtype, shape and data_offsets");
  }
  const auto dtype_name = value["dtype"].get<std::string>();
  const auto dtype = safetensors_dtype(dtype_name);
  if (!dtype) file.fail(what + ": dtype '" + shown(dtype_name) + "' is none of those that weights have");
  const auto shape = as_numbers(value["shape"]);
  const auto offsets = as_numbers(value["data_offsets"]);
  if (!shape || !offsets || offsets->size() != 2)
    file.fail(what + ": shape and data_offsets must be whole numbers");

  Entry entry{.name = name, .dtype = *dtype, .shape = {}, .begin = (*offsets)[0], .end = (*offsets)[1]};
  for (const std::uint64_t size : *shape) entry.shape.push_back(static_cast<std::int64_t>(size));
  const auto count = element_count(entry.shape);
  std::uint64_t expected = 0;
  if (!count ||
      __builtin_mul_overflow(static_cast<std::uint64_t>(*count), item_size(entry.dtype), &expected)) {
    file.fail(what + ": the shape " + to_string(entry.shape) + " is impossible");
  }
  if (entry.end < entry.begin || entry.end - entry.begin != expected) {
    file.fail(what + ": data_offsets [" + std::to_string(entry.begin) + ", " + std::to_string(entry.end) +
              "]; expected " + std::to_string(expected) + " bytes for " + dtype_name + " " +
              to_string(entry.shape));
  }
  return entry;
}

std::vector<Entry> parse_entries(const MappedFile& file, const json& header) {
  if (header.size() > kMostTensors)
    file.fail("safetensors header: more than " + std::to_string(kMostTensors) + " tensors");
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") entries.push_back(parse_entry(file, name, value));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  return entries;
}

}  // namespace

WeightFile read_safetensors(const std::shared_ptr<const MappedFile>& file) {
  ByteReader reader(*file, "safetensors", file->bytes());
  const std::uint64_t header_size = reader.u64();
  if (header_size > kLargestHeader) {
    reader.fail("a header of " + std::to_string(header_size) + " bytes; expected at most " +
                std::to_string(kLargestHeader));
  }
  const json header = parse_header(*file, reader.take(header_size));
  const auto buffer = reader.take(reader.remaining());
  WeightFile result;
  result.path = file->path();
  result.format = "safetensors";
  std::uint64_t covered = 0;
  for (const Entry& entry : parse_entries(*file, header)) {
    const std::string what = "tensor '" + shown(entry.name) + "'";
    if (entry.begin != covered) {
      file->fail(what + ": begins at " + std::to_string(entry.begin) + "; expected " +
                 std::to_string(covered) + ", where the one before it ends");
    }
    if (entry.end > buffer.size()) {
      file->fail(what + ": ends at " + std::to_string(entry.end) + " of " + std::to_string(buffer.size()) +
                 " bytes; the file is truncated: fetch it again");
    }
    covered = entry.end;
    const auto bytes = buffer.subspan(static_cast<std::size_t>(entry.begin),
                                      static_cast<std::size_t>(entry.end - entry.begin));
    result.tensors.emplace(
        entry.name,
        view_of(*file, what, flat_tensor(file, bytes, entry.dtype),
                View{.offset = 0, .shape = entry.shape, .strides = contiguous_strides(entry.shape)}));
  }
  if (covered != buffer.size()) {
    file->fail("safetensors: the tensors end at " + std::to_string(covered) + " of " +
               std::to_string(buffer.size()) + " bytes; expected them to cover the file");
  }
  if (result.tensors.empty()) file->fail("holds no tensors");
  if (const auto texts = header.find("__metadata__"); texts != header.end() && texts->is_object())
    for (const auto& [name, text] : texts->items())
      if (text.is_string()) result.metadata.emplace(name, text.get<std::string>());
  return result;
}

}  // namespace caption
