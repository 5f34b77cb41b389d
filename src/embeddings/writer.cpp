#include "embeddings/writer.h"

#include <array>
#include <charconv>
#include <utility>

#include "caption/error.h"
#include "embeddings/numpy.h"
#include "embeddings/staged_file.h"
#include "files/output.h"
#include "records/json.h"

namespace caption {
namespace {

constexpr std::size_t kSafetensorsHead = 1024;

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

std::string padded(std::string head, std::size_t size) {
  if (head.size() > size)
    throw Error(ErrorKind::internal, "a file's beginning is longer than what was left for it");
  head.resize(size, ' ');
  return head;
}

/// The number's bytes, the lowest first.
std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

class NumpyWriter : public EmbeddingWriter {
 public:
  explicit NumpyWriter(const std::filesystem::path& file)
      : rows_(file, kNumpyHead), names_(names_beside(file), 0) {}

  void write(const std::string& name, std::span<const float> embedding) override {
    if (name.find('\n') != std::string::npos) {
      throw Error(ErrorKind::output,
                  "a name with a line break cannot stand in the list of names of a .npy file: "
                  "write .safetensors or .jsonl");
    }
    rows_.write(bytes_of(embedding));
    names_.write(name + "\n");
    width_ = embedding.size();
    ++count_;
  }

  void finish() override {
    names_.keep("");
    rows_.keep(numpy_head(count_, width_));
  }

 private:
  StagedFile rows_;
  StagedFile names_;
  std::size_t width_ = 0;
  std::size_t count_ = 0;
};

class SafetensorsWriter : public EmbeddingWriter {
 public:
  SafetensorsWriter(const std::filesystem::path& file, EmbeddingKind kind)
      : rows_(file, kSafetensorsHead), kind_(std::move(kind)) {}

  void write(const std::string& name, std::span<const float> embedding) override {
    rows_.write(bytes_of(embedding));
    names_.append(name).push_back('\0');
    width_ = embedding.size();
    ++count_;
  }

  void finish() override {
    rows_.write(names_);
    const std::size_t end = count_ * width_ * sizeof(float);
    Json metadata = {{"model", kind_.model}, {"normalized", kind_.normalized ? "true" : "false"}};
    if (kind_.texts) metadata["of"] = "texts";
    const Json json = {
        {"__metadata__", metadata},
        {"embeddings",
         {{"dtype", "F32"}, {"shape", {count_, width_}}, {"data_offsets", {std::size_t{0}, end}}}},
        {"names",
         {{"dtype", "U8"}, {"shape", {names_.size()}}, {"data_offsets", {end, end + names_.size()}}}}};
    rows_.keep(little_endian(kSafetensorsHead - 8, 8) + padded(json.dump(), kSafetensorsHead - 8));
  }

 private:
  StagedFile rows_;
  EmbeddingKind kind_;
  std::string names_;
  std::size_t width_ = 0;
  std::size_t count_ = 0;
};

class JsonLinesWriter : public EmbeddingWriter {
 public:
  JsonLinesWriter(const std::filesystem::path& file, EmbeddingKind kind)
      : output_(file), kind_(std::move(kind)) {
    output_.clear();
  }

  void write(const std::string& name, std::span<const float> embedding) override {
    const std::string text = json_line(name);
    std::string line = kind_.texts ? R"({"text":)" : R"({"image":)";
    line += text.substr(0, text.size() - 1) + R"(,"embedding":[)";
    for (const float value : embedding) {
      std::array<char, 32> digits{};  // the fewest that stand for this number
      line.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
      line += ',';
    }
    line.back() = ']';
    line += R"(,"normalized":)" + std::string(kind_.normalized ? "true" : "false");
    output_.write(line + R"(,"model":)" + Json(kind_.model).dump() + "}\n");
  }

  void finish() override { output_.close(); }

 private:
  Output output_;
  EmbeddingKind kind_;
};

}  // namespace

std::unique_ptr<EmbeddingWriter> make_embedding_writer(const std::filesystem::path& file,
                                                       const EmbeddingKind& kind) {
  switch (embedding_format(file)) {
    case EmbeddingFormat::npy:
      return std::make_unique<NumpyWriter>(file);
    case EmbeddingFormat::safetensors:
      return std::make_unique<SafetensorsWriter>(file, kind);
    case EmbeddingFormat::jsonl:
      return std::make_unique<JsonLinesWriter>(file, kind);
  }
  throw Error(ErrorKind::internal, "a format of embeddings without a writer");
}

}  // namespace caption
