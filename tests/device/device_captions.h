#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "accelerator.h"
#include "caption/captioner.h"
#include "image/resample.h"
#include "libtorch/engine/device_streams.h"
#include "libtorch/engine/gpu_engine.h"
#include "libtorch/engine/own_kernels.h"
#include "libtorch/engine/search_on_device.h"
#include "model/bundle.h"
#include "pipeline/captioner.h"
#include "pipeline/cpu_engine.h"
#include "pipeline/way.h"
#include "queued_kernels.h"

namespace caption {

inline const std::filesystem::path kData = std::filesystem::path(CAPTION_TEST_DATA) / "parity";

/// One of the small models, by name, on the test device and on the CPU.
class DeviceCaptions : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Captioner> load_on_cpu() const {
    return make_captioner(make_cpu_engine(kData / GetParam(), {}));
  }
  std::unique_ptr<Captioner> load(DType type = DType::fp32) const {
    return make_captioner(make_engine_on(kData / GetParam(), {accelerator::device(), type}));
  }
  Bundle<at::Tensor> load_modules(DType type = DType::fp32) const {
    const std::filesystem::path folder = kData / GetParam();
    return load_bundle<at::Tensor>(folder, read_complete_manifest(folder), {accelerator::device(), type});
  }

  static std::vector<Picture> pictures(const Captioner& captioner) {
    std::vector<Picture> prepared;
    for (const char* name : {"wide.png", "tall.png", "square.png", "small.png"}) {
      std::ifstream stream(kData / "images" / name, std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(stream), {}};
      prepared.push_back(captioner.prepare(std::as_bytes(std::span(text)), {}));
    }
    return prepared;
  }

  /// A captioner that leaves images to the device, and the same pictures for it.
  std::unique_ptr<Captioner> load_resizing() const {
    return make_captioner(
        make_engine_on(kData / GetParam(), {accelerator::device()}, resize_by_kernels(kernels_)));
  }
  std::vector<Picture> unsized_pictures() const {
    std::vector<Picture> images = pictures(*load_resizing());
    for (const Picture& image : images)
      EXPECT_TRUE(std::holds_alternative<PlannedImage>(image.image->content));
    return images;
  }

  static PictureTask task_for(const Bundle<at::Tensor>& bundle, const DecodeOptions& decode,
                              std::int64_t slots) {
    const at::Device device = accelerator::device();
    return {.search = {{13}, decode, slots, device},
            .transfer = {pixel_format(bundle.manifest.image), device, {}},
            .encode_batch = 2,
            .beside = other_stream(device)};
  }

  /// Nothing of memory that another stream uses was given back.
  void TearDown() override { EXPECT_EQ((accelerator::counts() - before_).freed_in_use, 0); }

  static void expect_equal(const std::vector<std::vector<Caption>>& actual,
                           const std::vector<std::vector<Caption>>& expected) {
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      ASSERT_EQ(actual[i].size(), expected[i].size()) << "image " << i;
      for (std::size_t n = 0; n < actual[i].size(); ++n) {
        EXPECT_EQ(actual[i][n].tokens, expected[i][n].tokens) << "image " << i << " hypothesis " << n;
        EXPECT_NEAR(actual[i][n].score, expected[i][n].score, 1e-3) << "image " << i << " hypothesis " << n;
      }
    }
  }

  QueuedKernels kernels_;

 private:
  accelerator::Counts before_ = accelerator::counts();
};

}  // namespace caption
