#include "tensor/tensors.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "aten.h"
#include "caption/error.h"

namespace caption {
namespace {

Tensors example() {
  const at::Tensor shared = at::ones({4, 3});
  return from_aten("model.pt", "clip.",
                   {{"h.0.weight", shared},
                    {"h.0.bias", at::ones({3}, at::kHalf)},
                    {"h.1.weight", at::ones({2, 2})},
                    {"h.3.weight", at::ones({1})},
                    {"steps", at::ones({2}, at::kLong)}});
}

std::string refusal(const std::function<void(Tensors&)>& call) {
  Tensors tensors = example();
  try {
    call(tensors);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    EXPECT_EQ(error.path(), "model.pt");
    return error.what();
  }
  return "accepted";
}

TEST(Tensors, HandsOutWhatIsThere) {
  Tensors tensors = example();
  EXPECT_EQ(tensors.shape("h.0.weight"), (Shape{4, 3}));
  EXPECT_EQ(tensors.shape("h.0.weight", 2), (Shape{4, 3}));
  EXPECT_EQ(tensors.take("h.0.bias", {3}).dtype(), DType::fp16);
  EXPECT_EQ(tensors.count_blocks("h."), 2);  // up to the first that is missing
  EXPECT_EQ(tensors.count_blocks("other."), 0);
  EXPECT_EQ(tensors.count_values(), 12 + 3 + 4 + 1 + 2);
}

TEST(Tensors, ErrorsNameFileTensorExpectedAndFound) {
  EXPECT_EQ(refusal([](Tensors& t) { t.take("h.2.weight", {1}); }),
            "model.pt: tensor 'clip.h.2.weight': missing");
  EXPECT_EQ(refusal([](Tensors& t) {
              t.take("h.0.weight", {3, 4});
            }),
            "model.pt: tensor 'clip.h.0.weight': expected shape [3, 4], found [4, 3]");
  EXPECT_EQ(refusal([](Tensors& t) { (void)t.shape("h.0.weight", 3); }),
            "model.pt: tensor 'clip.h.0.weight': expected 3 dimensions, found shape [4, 3]");
  EXPECT_EQ(refusal([](Tensors& t) { t.take("steps", {2}); }),
            "model.pt: tensor 'clip.steps': expected fp32, fp16 or bf16 values, found int64");
  const std::string left = refusal([](Tensors& t) {
    t.take("h.0.bias", {3});
    t.require_all_taken();
  });
  EXPECT_TRUE(left.starts_with("model.pt: tensor 'clip.h.0.weight': unknown tensor of shape [4, 3]")) << left;
}

TEST(Tensors, SharedMemoryCountsOnce) {
  const Tensor shared = Tensor::empty({4, 3});
  const Tensors tensors("m", "", {{"a", shared}, {"b", shared}, {"c", shared.narrow(0, 0, 2)}});
  EXPECT_EQ(tensors.count_values(), 12);
}

}  // namespace
}  // namespace caption
