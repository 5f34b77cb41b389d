#include "weights/write_safetensors.h"

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>

#include "files/replacing_file.h"
#include "weights/storage.h"

namespace caption {

void write_safetensors(const std::filesystem::path& file, const std::map<std::string, Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  constexpr std::size_t kAlignment = 8;  // of the data, as its readers map it
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t end = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::uint64_t begin = end;
    end += static_cast<std::uint64_t>(tensor.numel()) * item_size(tensor.dtype());
    header[name] = {{"dtype", safetensors_name(tensor.dtype())},
                    {"shape", tensor.sizes()},
                    {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  std::array<char, 8> size{};
  for (std::size_t i = 0; i < size.size(); ++i) size[i] = static_cast<char>(text.size() >> (8 * i) & 0xFF);
  ReplacingFile output(file, size.size() + text.size() + end);
  output.write(std::as_bytes(std::span(size)));
  output.write(std::as_bytes(std::span(text)));
  for (const auto& [name, tensor] : tensors) {
    const Tensor whole = tensor.contiguous();
    output.write({whole.bytes(), static_cast<std::size_t>(whole.numel()) * item_size(whole.dtype())});
  }
  output.keep();
}

}  // namespace caption
