#include "measure/expected_time.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "published_sizes.h"

namespace caption {
namespace {

struct Model {
  const char* name;
  ModelSizes sizes;
};

const Model kModels[] = {{"ViT-B/32, MLP, GPT-2", published_vit_mlp()},
                         {"RN50x4, transformer, GPT-2", published_resnet_transformer()}};

/// printf for the tables' rows.
template <typename... Values>
std::string row(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

/// What stands in src/cuda/README.md: the stages of one image with 5 beams, and whole batches.
std::string tables() {
  std::string text;
  for (const Model& model : kModels) {
    text += row("| %s, one image, beam 5 | MB | GFLOP | kernels | limit, ms | expected, ms |\n", model.name) +
            "| --- | ---: | ---: | ---: | ---: | ---: |\n";
    for (const StageDemand& demand : model_demands(model.sizes, {1, 5})) {
      text += row("| %s | %.0f | %.2f | %.0f | %.2f | %.2f |\n", demand.stage.c_str(), demand.bytes() / 1e6,
                  demand.flops / 1e9, demand.kernels, 1e3 * expected_seconds(demand, kT4Limits),
                  1e3 * expected_seconds(demand, kT4WithGraphs));
    }
    text += "\n";
  }
  text +=
      "| model | batch | search | ms per image: limit | with graphs | eager | images/s: limit | with graphs "
      "| "
      "eager |\n"
      "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  for (const Model& model : kModels) {
    for (const int batch : {1, 8, 32}) {
      for (const int beam : {1, 5}) {
        double ms[3];
        double* next = ms;
        for (const DeviceRates& rates : {kT4Limits, kT4WithGraphs, kT4Eager}) {
          *next++ = 1e3 * expected_seconds(model.sizes, {batch, beam}, rates) / batch;
        }
        text +=
            row("| %s | %d | %s | %.2f | %.2f | %.2f | %.0f | %.0f | %.0f |\n", model.name, batch,
                beam == 1 ? "greedy" : "beam 5", ms[0], ms[1], ms[2], 1e3 / ms[0], 1e3 / ms[1], 1e3 / ms[2]);
      }
    }
  }
  return text;
}

TEST(ExpectedTime, IsTheLongerOfMemoryAndArithmeticAndTheLaunches) {
  StageDemand demand;
  demand.weights = 50;
  demand.passes = 2;
  demand.activation_bytes = 100;
  demand.flops = 3000;
  demand.kernels = 4;
  EXPECT_DOUBLE_EQ(expected_seconds(demand, {100, 1000, 0}), 3);
  EXPECT_DOUBLE_EQ(expected_seconds(demand, {100, 6000, 0}), 3);
  EXPECT_DOUBLE_EQ(expected_seconds(demand, {300, 6000, 0.25}), 2);
}

TEST(ExpectedTime, OfABatchIsThatOfItsStages) {
  for (const Model& model : kModels) {
    double sum = 0;
    for (const StageDemand& demand : model_demands(model.sizes, {8, 5}))
      sum += expected_seconds(demand, kT4Eager);
    EXPECT_DOUBLE_EQ(expected_seconds(model.sizes, {8, 5}, kT4Eager), sum);
  }
}

TEST(ExpectedTime, PerImageFallsWithTheBatch) {
  for (const Model& model : kModels) {
    double last = 1;
    for (const int batch : {1, 8, 32}) {
      const double seconds = expected_seconds(model.sizes, {batch, 5}, kT4WithGraphs) / batch;
      EXPECT_LT(seconds, last);
      EXPECT_GT(seconds, expected_seconds(model.sizes, {batch, 5}, kT4Limits) / batch);
      last = seconds;
    }
  }
}

TEST(ExpectedTime, IsWhatTheDocumentSays) {
  std::ifstream file(std::string(CAPTION_TEST_DATA) + "/../../src/cuda/README.md");
  const std::string document(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(document.find(tables()), std::string::npos) << "The tables should be:\n\n" << tables();
}

}  // namespace
}  // namespace caption
