#include "embeddings/reader.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <regex>
#include <utility>

#include "caption/error.h"
#include "records/json.h"
#include "tensor/convert.h"

namespace caption {
namespace {

/// A file that is read from its beginning on; what is wrong with it is an Error(usage) that names it.
class SourceFile {
 public:
  explicit SourceFile(std::filesystem::path path) : path_(std::move(path)), file_(path_, std::ios::binary) {
    if (!file_) fail(std::string("cannot open it: ") + std::strerror(errno));
  }

  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::usage, "the embeddings of '" + path_.string() + "': " + problem, path_);
  }

  std::string read(std::size_t bytes) {
    std::string text(bytes, '\0');
    file_.read(text.data(), static_cast<std::streamsize>(bytes));
    if (!file_) fail("the file ends early");
    return text;
  }

  std::optional<std::string> line() {
    std::string text;
    if (!std::getline(file_, text)) return std::nullopt;
    return text;
  }

  std::uint64_t size() const { return std::filesystem::file_size(path_); }
  void go_to(std::uint64_t place) { file_.seekg(static_cast<std::streamoff>(place)); }

 private:
  std::filesystem::path path_;
  std::ifstream file_;
};

std::uint64_t number_of(std::string_view little_endian) {
  std::uint64_t number = 0;
  for (auto byte = little_endian.rbegin(); byte != little_endian.rend(); ++byte)
    number = number << 8 | static_cast<unsigned char>(*byte);
  return number;
}

/// Rows of numbers in a file, one after the other.
struct Rows {
  DType type;
  std::size_t count;
  std::size_t width;
};

/// The next row; all its numbers must be finite.
std::vector<float> read_row(SourceFile& file, const Rows& rows, std::size_t number) {
  if (rows.width == 0 || rows.width > file.size()) file.fail("the file ends early, or has no numbers");
  const std::string bytes = file.read(rows.width * item_size(rows.type));
  std::vector<float> values(rows.width);
  widen(reinterpret_cast<const std::byte*>(bytes.data()), rows.type, static_cast<std::int64_t>(rows.width),
        values.data());
  for (const float value : values)
    if (!std::isfinite(value))
      file.fail("row " + std::to_string(number) + " has a number that is not finite");
  return values;
}

class NumpyReader : public EmbeddingReader {
 public:
  explicit NumpyReader(const std::filesystem::path& path) : file_(path), rows_(read_head()) {
    const std::filesystem::path names = names_beside(path);
    if (std::filesystem::exists(names)) names_.emplace(names);
  }

  const EmbeddingKind& kind() const override { return kind_; }

  std::optional<NamedEmbedding> next() override {
    if (next_ == rows_.count) {
      if (names_ && names_->line()) file_.fail("there are more names beside it than its " + counted());
      return std::nullopt;
    }
    NamedEmbedding embedding{std::to_string(next_), read_row(file_, rows_, next_)};
    if (names_) {
      std::optional<std::string> name = names_->line();
      if (!name) file_.fail("there are fewer names beside it than its " + counted());
      embedding.name = std::move(*name);
    }
    ++next_;
    return embedding;
  }

 private:
  std::string counted() const { return std::to_string(rows_.count) + " rows"; }

  Rows read_head() {
    const std::string begin = file_.read(8);
    if (!begin.starts_with("\x93NUMPY")) file_.fail("is not a file of numpy.save");
    const std::string fields = file_.read(number_of(file_.read(begin[6] == 1 ? 2 : 4)));
    static const std::regex kType("'descr': *'<f([248])'");
    static const std::regex kShape(R"('shape': *\((\d{1,12}), *(\d{1,9})\))");
    std::smatch type;
    std::smatch shape;
    if (!std::regex_search(fields, type, kType) ||
        fields.find("'fortran_order': False") == std::string::npos ||
        !std::regex_search(fields, shape, kShape)) {
      file_.fail("holds " + fields.substr(0, fields.find_last_not_of(" \n") + 1) +
                 "; expected numbers of '<f2', '<f4' or '<f8' in two dimensions");
    }
    const std::string size = type[1];
    return {size == "2"   ? DType::fp16
            : size == "4" ? DType::fp32
                          : DType::fp64,
            std::stoull(shape[1]), std::stoull(shape[2])};
  }

  SourceFile file_;
  Rows rows_;
  std::optional<SourceFile> names_;
  EmbeddingKind kind_;
  std::size_t next_ = 0;
};

class SafetensorsReader : public EmbeddingReader {
 public:
  explicit SafetensorsReader(const std::filesystem::path& path) : file_(path) {
    const std::uint64_t size = number_of(file_.read(8));
    if (size > file_.size()) file_.fail("is not a file of safetensors");
    const Json head = Json::parse(file_.read(size), nullptr, false);
    try {
      if (head.contains("__metadata__")) {
        kind_.model = head["__metadata__"].value("model", "");
        kind_.normalized = head["__metadata__"].value("normalized", "") == "true";
      }
      read_places(head, 8 + size);
    } catch (const Json::exception&) {
      file_.fail("has no tensor 'embeddings' [N, D] of F16, BF16, F32 or F64");
    }
  }

  const EmbeddingKind& kind() const override { return kind_; }

  std::optional<NamedEmbedding> next() override {
    if (next_ == rows_.count) return std::nullopt;
    NamedEmbedding embedding{std::to_string(next_), read_row(file_, rows_, next_)};
    if (has_names_) {
      const std::size_t end = names_.find('\0', name_at_);
      if (end == std::string::npos) file_.fail("has fewer names than embeddings");
      embedding.name = names_.substr(name_at_, end - name_at_);
      name_at_ = end + 1;
    }
    ++next_;
    return embedding;
  }

 private:
  /// Where the tensors of `head` are, whose data begin at `data`.
  void read_places(const Json& head, std::uint64_t data) {
    const Json& tensor = head.at("embeddings");
    const std::vector<std::pair<std::string, DType>> types = {
        {"F16", DType::fp16}, {"BF16", DType::bf16}, {"F32", DType::fp32}, {"F64", DType::fp64}};
    const std::string type = tensor.at("dtype");
    bool known = false;
    for (const auto& [name, value] : types) {
      if (name != type) continue;
      known = true;
      rows_.type = value;
    }
    if (!known || tensor.at("shape").size() != 2)
      file_.fail("'embeddings' is not [N, D] of F16, BF16, F32 or F64");
    rows_.count = tensor.at("shape").at(0);
    rows_.width = tensor.at("shape").at(1);
    has_names_ = head.contains("names");
    if (has_names_) {
      const Json& place = head.at("names").at("data_offsets");
      const std::uint64_t begin = place.at(0);
      const std::uint64_t end = place.at(1);
      if (begin > end || data + end > file_.size()) file_.fail("the file ends early");
      file_.go_to(data + begin);
      names_ = file_.read(end - begin);
    }
    const std::uint64_t begin = tensor.at("data_offsets").at(0);
    const std::uint64_t end = tensor.at("data_offsets").at(1);
    if (begin > end || data + end > file_.size() || rows_.width == 0 ||
        (end - begin) / rows_.width / item_size(rows_.type) != rows_.count)
      file_.fail("the file ends early, or 'embeddings' has another size than its shape says");
    file_.go_to(data + begin);
  }

  SourceFile file_;
  EmbeddingKind kind_;
  Rows rows_{DType::fp32, 0, 0};
  bool has_names_ = false;
  std::string names_;
  std::size_t name_at_ = 0;
  std::size_t next_ = 0;
};

class JsonLinesReader : public EmbeddingReader {
 public:
  explicit JsonLinesReader(const std::filesystem::path& path) : file_(path) {}

  const EmbeddingKind& kind() const override { return kind_; }

  std::optional<NamedEmbedding> next() override {
    for (std::optional<std::string> line = file_.line(); line; line = file_.line()) {
      ++number_;
      if (line->find_first_not_of(" \t\r") != std::string::npos) return embedding_of(*line);
    }
    return std::nullopt;
  }

 private:
  NamedEmbedding embedding_of(const std::string& line) {
    try {
      const Json json = Json::parse(line);
      NamedEmbedding embedding{json.at("image"), json.at("embedding")};
      kind_ = {json.value("model", ""), json.value("normalized", false)};
      for (const float value : embedding.values)
        if (!std::isfinite(value)) fail("has a number that is not finite");
      return embedding;
    } catch (const Json::exception&) {
      fail(R"(is not {"image": NAME, "embedding": [NUMBER, ...]})");
    }
  }

  [[noreturn]] void fail(const std::string& problem) const {
    file_.fail("line " + std::to_string(number_) + " " + problem);
  }

  SourceFile file_;
  EmbeddingKind kind_;
  std::size_t number_ = 0;
};

}  // namespace

std::unique_ptr<EmbeddingReader> open_embeddings(const std::filesystem::path& file) {
  switch (embedding_format(file)) {
    case EmbeddingFormat::npy:
      return std::make_unique<NumpyReader>(file);
    case EmbeddingFormat::safetensors:
      return std::make_unique<SafetensorsReader>(file);
    case EmbeddingFormat::jsonl:
      return std::make_unique<JsonLinesReader>(file);
  }
  throw Error(ErrorKind::internal, "a format of embeddings without a reader");
}

}  // namespace caption
