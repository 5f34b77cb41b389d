#include "kernels/compare_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>
#include <string>

#include "instruction_sets.h"

namespace caption::kernels {
namespace {

const Kernels& portable() {
  return *find(InstructionSet::portable);
}

TEST(CompareCpuKernels, EverySetOfThisProcessorGivesThePortableBits) {
  for (const auto set : instruction_sets()) {
    const auto comparisons = compare_kernels(*find(set), portable());
    RecordProperty(std::string(find(set)->name), "compared");
    EXPECT_EQ(comparisons.size(), 15U);
    for (const KernelComparison& comparison : comparisons) {
      const bool own_order = comparison.kernel == "product bf16" && set == InstructionSet::amx;
      EXPECT_EQ(comparison.allowed > 0, own_order);
      EXPECT_TRUE(comparison.passed())
          << find(set)->name << ": " << comparison.kernel << " differs by " << comparison.difference;
    }
  }
}

/// The functions that are called with a wrong length, level or curve.
TEST(CompareCpuKernels, NamesTheFunctionThatIsWrong) {
  struct Fault {
    std::set<std::string> seen;
    std::function<void(Kernels&)> make;
  };
  const Fault faults[] = {
      {{"product fp32"},
       [](Kernels& k) {
         k.panel_fp32.run = [](const PanelPart<float>& part, const float* x, std::int64_t stride,
                               std::int64_t rows, float* sums) {
           portable().panel_fp32.run({part.words, part.column, part.steps - 1, part.next}, x, stride, rows,
                                     sums);
         };
       }},
      {{"product bf16"},
       [](Kernels& k) {
         k.panel_bf16.run = [](const PanelPart<std::uint32_t>& part, const std::uint32_t* x,
                               std::int64_t stride, std::int64_t rows, float* sums) {
           portable().panel_bf16.run(part, x, stride, rows, sums);
           sums[63] = std::nextafter(sums[63], 100.0F);
         };
       }},
      {{"product int8", "product int8, fine"},
       [](Kernels& k) {
         k.panel_int8.run = [](const PanelPart<std::uint32_t>& part, const std::uint32_t* x,
                               std::int64_t stride, std::int64_t rows, std::int32_t* sums) {
           portable().panel_int8.run(part, x, stride, rows, sums);
           ++sums[(rows - 1) * kPanel];
         };
       }},
      {{"quantize"},
       [](Kernels& k) {
         k.quantize = [](const float* x, std::int64_t count, std::uint32_t* words, Origin* origin) {
           return std::nextafter(portable().quantize(x, count, words, origin), 100.0F);
         };
       }},
      {{"product int8"},
       [](Kernels& k) {
         k.quantize = [](const float* x, std::int64_t count, std::uint32_t* words, Origin* origin) {
           const float size = portable().quantize(x, count, words, origin);
           ++origin->zero;
           return size;
         };
       }},
      {{"finish"},
       [](Kernels& k) {
         k.finish = [](const float* sums, Activation curve, std::int64_t count, float* y) {
           portable().finish(sums, curve == Activation::gelu ? Activation::gelu_tanh : curve, count, y);
         };
       }},
      {{"softmax"},
       [](Kernels& k) {
         k.softmax = [](float* x, std::int64_t count, std::int64_t padded, float scale) {
           portable().softmax(x, count - 1, padded, scale);
         };
       }},
      {{"attend"},
       [](Kernels& k) {
         k.attend = [](const float* q, const Past& past, std::int64_t dim, float scale, float* scores,
                       float* out) { portable().attend(q, past, dim, scale * 1.001F, scores, out); };
       }},
  };
  for (const Fault& fault : faults) {
    Kernels broken = portable();
    fault.make(broken);
    std::set<std::string> found;
    for (const KernelComparison& comparison : compare_kernels(broken, portable())) {
      if (!comparison.passed()) found.insert(comparison.kernel);
    }
    EXPECT_EQ(found, fault.seen);
  }
}

}  // namespace
}  // namespace caption::kernels
