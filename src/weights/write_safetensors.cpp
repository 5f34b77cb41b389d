#include "weights/write_safetensors.h"

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "files/output.h"
#include "weights/storage.h"

namespace caption {

void write_safetensors(const std::filesystem::path& file, const std::map<std::string, Tensor>& tensors) {
  constexpr std::size_t kAlignment = 8;  // of the data, as its readers map it
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
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
  Output output(file);
  output.clear();
  output.write({size.data(), size.size()});
  output.write(text);
  for (const auto& [name, tensor] : tensors) {
    const Tensor whole = tensor.contiguous();
    output.write({reinterpret_cast<const char*>(whole.bytes()),
                  static_cast<std::size_t>(whole.numel()) * item_size(whole.dtype())});
  }
  output.close();
}

}  // namespace caption
