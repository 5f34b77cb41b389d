#include "model/pack.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "gpt2/gpt2.h"
#include "kernels/packed_layout.h"
#include "model/bundle.h"
#include "model/packed_reader.h"
#include "scratch_folder.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

const std::vector<DType> kTypes = {DType::fp32, DType::bf16, DType::int8};
const std::vector<std::string> kModels = {"vit-mlp", "resnet-transformer"};

/// What a model gives for one made-up image, stage by stage.
struct Outputs {
  Tensor embedding;  // [1, D]
  Tensor prefix;     // [1, P, E]
  Tensor logits;     // [1, V]

  bool operator==(const Outputs& other) const {
    return equal_values(embedding, other.embedding) && equal_values(prefix, other.prefix) &&
           equal_values(logits, other.logits);
  }
};

Outputs run(const Bundle<Tensor>& bundle) {
  const std::int64_t side = bundle.encoder->resolution();
  Tensor pixels = Tensor::empty({1, 3, side, side});
  for (std::int64_t i = 0; i < pixels.numel(); ++i)
    pixels.mutable_data()[i] = static_cast<float>(std::sin(static_cast<double>(i)));
  Outputs outputs;
  outputs.embedding = bundle.encoder->encode(pixels);
  outputs.prefix = bundle.mapper->map(outputs.embedding);
  outputs.logits = Gpt2Session<Tensor>(*bundle.gpt2).step({}, {}, outputs.prefix);
  return outputs;
}

class PackTest : public ScratchFolder {
 protected:
  void SetUp() override {
    ScratchFolder::SetUp();
    ::setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("XDG_CACHE_HOME");
    ScratchFolder::TearDown();
  }

  /// A copy of a tiny model.
  fs::path copy(const std::string& name) const {
    const fs::path to = folder_ / name;
    fs::copy(fs::path(CAPTION_TEST_DATA) / "parity" / name, to);
    return to;
  }

  /// Why the only packed file of the bundle is not used; it must not be. Empty if it is used.
  static std::string problem_of(const fs::path& bundle, const std::string& precision) {
    const Manifest manifest = read_manifest(bundle);
    const std::vector<PackedFile> files = list_packed(bundle, manifest);
    if (files.size() != 1) return std::to_string(files.size()) + " files";
    EXPECT_EQ(files[0].problem.empty(), find_packed(bundle, manifest, precision).has_value());
    return files[0].problem;
  }

  /// Every byte of the matrices turned over, and nothing else.
  void damage_matrices(const fs::path& file) const {
    std::string bytes = read(file);
    for (std::size_t i = read_packed_header(file).payload; i < bytes.size(); ++i) bytes[i] ^= 1;
    write(file, bytes);
  }
};

TEST_F(PackTest, TheResultIsTheSameBitForBit) {
  for (const std::string& model : kModels) {
    const fs::path bundle = copy(model);
    for (const DType type : kTypes) {
      const Outputs expected = run(load_cpu_bundle(bundle, {type}));
      const PackReport report = pack_bundle(bundle, {type});
      EXPECT_EQ(report.precision, name_of(type));
      EXPECT_EQ(report.file, bundle / ("packed." + report.precision));
      EXPECT_EQ(report.bytes, fs::file_size(report.file));
      EXPECT_EQ(run(load_cpu_bundle(bundle, {type})), expected) << model << " " << report.precision;
      // They did come from the file.
      damage_matrices(report.file);
      EXPECT_FALSE(run(load_cpu_bundle(bundle, {type})) == expected) << model;
      fs::remove(report.file);
    }
  }
}

/// A store that must have every matrix.
class Complete : public PackedStore {
 public:
  explicit Complete(std::shared_ptr<PackedStore> store) : store_(std::move(store)) {}
  PackedWeights get(const MatrixKey& key, const std::function<PackedWeights()>& pack) override {
    ++count;
    return store_->get(key, [&] {
      ADD_FAILURE() << "not in the file: " << key.origin;
      return pack();
    });
  }
  int count = 0;

 private:
  std::shared_ptr<PackedStore> store_;
};

TEST_F(PackTest, EveryMatrixIsInTheFile) {
  for (const std::string& model : kModels) {
    const fs::path bundle = copy(model);
    for (const DType type : kTypes) {
      pack_bundle(bundle, {type});
      const auto found = find_packed(bundle, read_manifest(bundle), std::string(name_of(type)));
      ASSERT_TRUE(found);
      const auto store = std::make_shared<Complete>(open_packed(*found));
      CpuCompute compute{type};
      compute.packed = store;
      load_cpu_bundle(bundle, compute);
      EXPECT_EQ(store->count, static_cast<int>(found->header.matrices.size()));
      EXPECT_GT(store->count, 10);
    }
  }
}

/// A file for one precision says nothing of the others.
TEST_F(PackTest, OnePrecisionAtATime) {
  const fs::path bundle = copy("vit-mlp");
  const PackReport report = pack_bundle(bundle, {DType::bf16});
  EXPECT_FALSE(find_packed(bundle, read_manifest(bundle), "fp32"));
  fs::copy(report.file, bundle / "packed.fp32");
  EXPECT_FALSE(find_packed(bundle, read_manifest(bundle), "fp32"));
  const std::vector<PackedFile> files = list_packed(bundle, read_manifest(bundle));
  ASSERT_EQ(files.size(), 2U);
  EXPECT_NE(files[0].problem.find("packed.fp32: is for bf16"), std::string::npos) << files[0].problem;
  EXPECT_EQ(files[1].problem, "");
}

TEST_F(PackTest, AChangedSourceIsPackedAsUsual) {
  const fs::path bundle = copy("vit-mlp");
  const Outputs expected = run(load_cpu_bundle(bundle, {}));
  const fs::path file = pack_bundle(bundle, {}).file;
  damage_matrices(file);  // whoever uses it, shows it
  EXPECT_EQ(problem_of(bundle, "fp32"), "");
  const auto time = fs::last_write_time(bundle / "clip.pt");
  fs::last_write_time(bundle / "clip.pt", time + std::chrono::nanoseconds(100));
  EXPECT_NE(problem_of(bundle, "fp32").find("packed.fp32: the model's files have changed"),
            std::string::npos);
  EXPECT_EQ(run(load_cpu_bundle(bundle, {})), expected);
  fs::last_write_time(bundle / "clip.pt", time);
  EXPECT_EQ(problem_of(bundle, "fp32"), "");
  // Other hashes in model.json
  const std::string manifest = read(bundle / "model.json");
  std::string other = manifest;
  const std::size_t hash = other.find("\"sha256\": \"") + 11;
  other[hash] = other[hash] == '0' ? '1' : '0';
  write(bundle / "model.json", other);
  EXPECT_NE(problem_of(bundle, "fp32"), "");
  write(bundle / "model.json", manifest);
  EXPECT_EQ(problem_of(bundle, "fp32"), "");
}

TEST_F(PackTest, DamagedFilesAndOtherLayoutsArePackedAsUsual) {
  const fs::path bundle = copy("vit-mlp");
  const Outputs expected = run(load_cpu_bundle(bundle, {}));
  const fs::path file = pack_bundle(bundle, {}).file;
  const std::string good = read(file);
  const PackedHeader header = read_packed_header(file);
  const auto expect_unused = [&](const std::string& bytes, const std::string& why) {
    write(file, bytes);
    EXPECT_NE(problem_of(bundle, "fp32").find(why), std::string::npos) << problem_of(bundle, "fp32");
    EXPECT_EQ(run(load_cpu_bundle(bundle, {})), expected) << why;
  };
  const std::string matrices = good.substr(header.payload);
  const std::string broken(matrices.size(), '\7');
  PackedHeader other = header;
  other.layout = std::string(kPackedLayout) + " of old";
  expect_unused(header_text(other) + broken, "another version of this program wrote it");
  expect_unused(good.substr(0, 100), "damaged");
  expect_unused("", "is no file of packed matrices");
  expect_unused(good.substr(0, good.size() - 1), "it was cut off");
  // Matrices whose parts would end behind the file, or that are said to be something else: these ones only.
  other = header;
  for (auto& [origin, matrix] : other.matrices) matrix.words = matrix.bias = other.bytes;
  write(file, header_text(other) + broken);
  EXPECT_EQ(problem_of(bundle, "fp32"), "");
  EXPECT_EQ(run(load_cpu_bundle(bundle, {})), expected);
  other = header;
  for (auto& [origin, matrix] : other.matrices) matrix.out += 1;
  write(file, header_text(other) + broken);
  EXPECT_EQ(run(load_cpu_bundle(bundle, {})), expected);
  other = header;
  for (auto& [origin, matrix] : other.matrices) matrix.type = "bf16";
  write(file, header_text(other) + broken);
  EXPECT_EQ(run(load_cpu_bundle(bundle, {})), expected);
}

TEST_F(PackTest, VerifyFindsADamagedMatrix) {
  const fs::path bundle = copy("vit-mlp");
  const fs::path file = pack_bundle(bundle, {}).file;
  const auto verify = [&] {
    for (const PackedFile& packed : list_packed(bundle, read_manifest(bundle))) verify_packed(packed);
  };
  EXPECT_NO_THROW(verify());
  std::string bytes = read(file);
  bytes.back() ^= 1;
  write(file, bytes);
  EXPECT_NE(message_of(verify).find("packed.fp32: the packed matrices are damaged"), std::string::npos);
}

TEST_F(PackTest, ADamagedModelIsNotPacked) {
  const fs::path bundle = copy("vit-mlp");
  std::string bytes = read(bundle / "captioner.pt");
  bytes[bytes.size() / 2] ^= 1;
  write(bundle / "captioner.pt", bytes);
  EXPECT_NE(message_of([&] { pack_bundle(bundle, {}); }).find("captioner.pt"), std::string::npos);
  EXPECT_TRUE(list_packed(bundle, read_manifest(bundle)).empty());
}

/// A folder in the way keeps root from writing, too.
TEST_F(PackTest, WhereTheBundleCannotBeWrittenToTheCacheIsUsed) {
  const fs::path bundle = copy("vit-mlp");
  const Outputs expected = run(load_cpu_bundle(bundle, {}));
  fs::create_directory(bundle / "packed.fp32");
  const PackReport report = pack_bundle(bundle, {});
  EXPECT_EQ(report.file.parent_path().parent_path(), folder_ / "cache" / "caption" / "packed");
  const auto found = find_packed(bundle, read_manifest(bundle), "fp32");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path, report.file);
  EXPECT_EQ(run(load_cpu_bundle(bundle, {})), expected);
  damage_matrices(report.file);
  EXPECT_FALSE(run(load_cpu_bundle(bundle, {})) == expected);
  // One beside the bundle comes first.
  fs::remove(bundle / "packed.fp32");
  pack_bundle(bundle, {});
  EXPECT_EQ(run(load_cpu_bundle(bundle, {})), expected);
  const std::vector<PackedFile> files = list_packed(bundle, read_manifest(bundle));
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].problem, "");
  EXPECT_NE(files[1].problem.find("packed.fp32 comes before it"), std::string::npos);
  // Both go.
  EXPECT_EQ(remove_packed(bundle), (std::vector<fs::path>{files[0].path, files[1].path}));
  EXPECT_TRUE(list_packed(bundle, read_manifest(bundle)).empty());
  EXPECT_TRUE(fs::is_empty(folder_ / "cache" / "caption" / "packed"));
  EXPECT_TRUE(remove_packed(bundle).empty());
}

TEST_F(PackTest, NoPlaceAtAllIsAnErrorThatNamesThem) {
  const fs::path bundle = copy("vit-mlp");
  fs::create_directory(bundle / "packed.fp32");
  write("cache", "a file where the folder should be");
  const std::string message = message_of([&] { pack_bundle(bundle, {}); }, ErrorKind::output);
  EXPECT_NE(message.find((bundle / "packed.fp32: cannot be written").string()), std::string::npos) << message;
  EXPECT_NE(message.find("cache/caption/packed/"), std::string::npos) << message;
  for (const auto& entry : fs::directory_iterator(bundle)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
  }
}

}  // namespace
}  // namespace caption
