#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "caption/error.h"
#include "weights/weights.h"
#include "zip_writer.h"

/// Weight files written by hand, byte by byte, so that a test can break them where it wants.
namespace caption::test {

// Pieces of pickles.
inline std::string text(const std::string& value) {
  return std::string("X").append(little(value.size(), 4)).append(value);
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string number(std::int64_t value) {
  return std::string("\x8a\x08") + little(static_cast<std::uint64_t>(value), 8);
}
inline std::string tuple(const std::vector<std::int64_t>& values) {
  std::string bytes = "(";
  for (const std::int64_t value : values) bytes += number(value);
  return bytes + "t";
}
/// Storage "0" of type torch.FloatStorage unless told otherwise.
inline std::string storage(std::int64_t elements, const std::string& type = "FloatStorage",
                           const std::string& key = "0") {
  return std::string("(")
      .append(text("storage"))
      .append(global("torch", type))
      .append(text(key))
      .append(text("cpu"))
      .append(number(elements))
      .append("tQ");
}
inline std::string tensor(const std::string& storage, std::int64_t offset,
                          const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
  return global("torch._utils", "_rebuild_tensor_v2") + "(" + storage + number(offset) + tuple(shape) +
         tuple(strides) + "\x89}tR";
}
inline std::string pickle_of(const std::string& body) {
  return "\x80\x02" + body + ".";
}
/// {"w": value}
inline std::string dict_with(const std::string& value) {
  return pickle_of(std::string("}").append(text("w")).append(value).append("s"));
}

/// torch.save's archive with this pickle and one storage, "0".
inline std::string archive_of(const std::string& pickle, const std::string& data) {
  return zip_of({{.name = "a/data.pkl", .bytes = pickle}, {.name = "a/data/0", .bytes = data}});
}

/// A file that is deleted with its test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes) {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("caption_weights_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline WeightFile read_bytes(const std::string& bytes) {
  return read_weights(TemporaryFile(bytes).path());
}

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::filesystem::path data(const std::string& name) {
  return std::filesystem::path(CAPTION_TEST_DATA) / "weights" / name;
}

/// Expects Error(model) about `path` whose message has the path and all of `words`.
inline void expect_refused(const std::filesystem::path& path, std::initializer_list<const char*> words) {
  try {
    read_weights(path);
    ADD_FAILURE() << path << " was accepted";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(error.kind(), ErrorKind::model) << message;
    EXPECT_EQ(error.path(), path);
    EXPECT_NE(message.find(path.string()), std::string::npos) << message;
    for (const char* word : words)
      EXPECT_NE(message.find(word), std::string::npos) << message << "\nlacks: " << word;
  }
}

inline void expect_bytes_refused(const std::string& bytes, std::initializer_list<const char*> words) {
  const TemporaryFile file(bytes);
  expect_refused(file.path(), words);
}

}  // namespace caption::test
