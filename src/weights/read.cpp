#include <algorithm>
#include <array>
#include <cctype>
#include <new>
#include <string>
#include <string_view>

#include "weights/formats.h"
#include "weights/hugging_face.h"
#include "weights/shards.h"
#include "weights/siglip.h"
#include "weights/weights.h"

namespace caption {
namespace {

bool begins_with(std::span<const std::byte> bytes, std::string_view start, std::size_t at = 0) {
  return bytes.size() >= at + start.size() &&
         std::equal(start.begin(), start.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char a, std::byte b) { return static_cast<std::byte>(a) == b; });
}

/// The first characters that are not white space, in lower case.
std::string opening_text(std::span<const std::byte> bytes) {
  std::string text = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 256)));
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_safetensors(std::span<const std::byte> bytes) {
  // The size of the header is below 2^32 and the header an object.
  return begins_with(bytes, std::string_view("\0\0\0\0{", 5), 4);
}

struct Foreign {
  std::string_view start;
  std::string_view what;
};

constexpr std::array<Foreign, 9> kForeign = {{
    {"\x1f\x8b", "a gzip-compressed file: unpack it first"},
    {"\xfd"
     "7zXZ",
     "an xz-compressed file: unpack it first"},
    {"BZh", "a bzip2-compressed file: unpack it first"},
    {"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"},
    {"Rar!", "a RAR archive: unpack it first"},
    {"\x89HDF", "an HDF5 file (Keras or TensorFlow); expected PyTorch's weights"},
    {"GGUF", "a GGUF file (llama.cpp); expected PyTorch's weights"},
    {"\x93NUMPY", "a NumPy array; expected PyTorch's weights"},
    {"PK\x05\x06", "an empty zip archive; expected PyTorch's weights: fetch it again"},
}};

/// Says what the file is, if not weights.
[[noreturn]] void fail_unknown(const MappedFile& file) {
  const auto bytes = file.bytes();
  constexpr std::size_t kTarMark = 257;
  const std::string text = opening_text(bytes);
  for (const Foreign& foreign : kForeign) {
    if (begins_with(bytes, foreign.start)) file.fail(std::string("is ") + std::string(foreign.what));
  }
  if (text.starts_with("<!doctype") || text.starts_with("<html") || text.starts_with("<?xml")) {
    file.fail(
        "is a web page, not weights: the download gave a page (a warning, a login or a quota notice) in "
        "place of the "
        "file; open the address in a browser, or fetch it again");
  }
  if (text.starts_with("version https://git-lfs")) {
    file.fail("is a git-lfs pointer, not the weights themselves: run `git lfs pull` where it came from");
  }
  if (begins_with(bytes, "ustar", kTarMark)) {
    file.fail(
        "is a tar archive; torch wrote weights so before 0.2, which caption does not read: unpack it, or "
        "save them "
        "again with a newer torch");
  }
  if (text.starts_with("{") || text.starts_with("[")) {
    file.fail(
        "is JSON text, not weights; give the weight file itself, or the index of a sharded checkpoint "
        "(NAME.index.json)");
  }
  if (begins_with(bytes, "\x80") && bytes.size() > 1) {
    file.fail(
        "is a Python pickle that torch.save did not write; nothing from the file was executed. Save the "
        "weights with "
        "torch.save(model.state_dict(), FILE)");
  }
  std::string hex;
  for (const std::byte b : bytes.first(std::min<std::size_t>(bytes.size(), 8))) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[std::to_integer<std::size_t>(b >> 4)];
    hex += kDigits[std::to_integer<std::size_t>(b & std::byte{15})];
    hex += ' ';
  }
  file.fail(
      "is no weight file that caption knows (TorchScript, torch.save, safetensors): its first bytes are " +
      hex + "and it has " + std::to_string(bytes.size()) + " bytes; fetch it again if it should be one");
}

WeightFile dispatch(const std::shared_ptr<const MappedFile>& file, Checksums checksums) {
  if (begins_with(file->bytes(), "PK\x03\x04")) return read_torch_zip(file, checksums);
  if (is_torch_legacy(file->bytes())) return read_torch_legacy(file);
  if (is_safetensors(file->bytes())) return read_safetensors(file);
  fail_unknown(*file);
}

WeightFile read_one(const std::filesystem::path& path, Checksums checksums) {
  const auto file = MappedFile::open(path);
  try {
    WeightFile result = dispatch(file, checksums);
    result.mapped = {file};
    return result;
  } catch (const std::bad_alloc&) {
    file->fail("not enough memory to read it");
  }
}

}  // namespace

WeightFile read_weights(const std::filesystem::path& path, Checksums checksums) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return read_weights(weights_in(path), checksums);
  WeightFile result;
  if (is_index(path)) {
    result = read_shards(path, [&](const std::filesystem::path& part) { return read_one(part, checksums); });
  } else {
    refuse_part(path);
    result = read_one(path, checksums);
  }
  if (!rename_siglip(result)) {
    refuse_unsupported_encoders(result);
    rename_hugging_face_clip(result);
  }
  take_off_wrapper(result);
  return result;
}

}  // namespace caption
