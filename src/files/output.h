#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>

namespace caption {

/// Thrown when nobody reads our output any more (`caption ... | head`): the run ends quietly.
class ClosedPipe : public std::exception {
 public:
  const char* what() const noexcept override { return "the reader of the output has closed it"; }
};

/// A place for results: standard output or a file. Every write goes out at once; none is ever lost silently.
class Output {
 public:
  /// Standard output.
  Output();
  /// A file, made if it does not exist. What it holds is kept until `clear`. Throws Error(output).
  explicit Output(const std::filesystem::path& file);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output();

  bool is_terminal() const;
  /// Drops what the file held; without effect on pipes, devices and standard output.
  void clear();
  /// Bytes in front of what is written next; of a regular file.
  std::uint64_t position() const;
  /// Of a regular file: drops what is behind the first `bytes`, and goes on there. Throws Error(output).
  void cut(std::uint64_t bytes);
  /// Throws ClosedPipe, or Error(output) that says why, also if somebody has removed the file.
  void write(std::string_view bytes);
  /// Closes the file; some file systems report a failed write only here. Throws Error(output).
  void close();

 private:
  [[noreturn]] void fail(int reason) const;

  int descriptor_;
  std::string name_;
};

}  // namespace caption
