#include "weights/write_torch.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "scratch_folder.h"
#include "weights/weights.h"

namespace caption {
namespace {

Tensor numbers(Shape shape) {
  std::vector<float> values(static_cast<std::size_t>(count_elements(shape)));
  std::iota(values.begin(), values.end(), 0.5F);
  return Tensor::of(std::move(shape), values);
}

using WriteTorch = ScratchFolder;

/// By the reader for files of torch's own, which is strict. Torch itself: scripts/train_peer.py.

TEST_F(WriteTorch, IsReadAsWritten) {
  const Tensor table = numbers({5, 4});
  const std::map<std::string, Tensor> tensors = {{"gpt.lm_head.weight", table},
                                                 {"gpt.transformer.wte.weight", table},
                                                 {"clip_project.model.0.bias", numbers({7})},
                                                 {"turned", numbers({2, 3}).t()}};
  write_torch(folder_ / "out.pt", tensors);
  const WeightFile read = read_weights(folder_ / "out.pt", Checksums::all);
  EXPECT_EQ(read.format, "torch.save");
  ASSERT_EQ(read.tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(equal_values(read.tensors.at(name), tensor)) << name;
  EXPECT_EQ(read.tensors.at("gpt.lm_head.weight").bytes(),
            read.tensors.at("gpt.transformer.wte.weight").bytes());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(read.tensors.at("turned").bytes()) % 64, 0U);
}

}  // namespace
}  // namespace caption
