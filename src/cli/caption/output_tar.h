#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include "cli/caption/options.h"
#include "files/output.h"
#include "files/replacing_file.h"
#include "inputs/tar_sample.h"
#include "pipeline/batch.h"
#include "records/record.h"
#include "tar/library.h"

namespace caption::cli {

/// `--output-tar`: a tar archive in which each picture stands beside its caption and its record, as
/// WebDataset's samples: KEY.jpg, KEY.txt, KEY.json. What stands beside a picture in an archive that is an
/// input is passed through. It stands between the inputs and their records: pictures come in by `next` and go
/// out by `write`, in the same order, on different threads.
class OutputTar {
 public:
  /// The file is there under its name when all of it is; "-" is standard output. A pipe or a device is
  /// written to at once.
  OutputTar(const CaptionConfig& config, InputSource source);

  /// The next picture to caption: those that have a text already are passed through, unless it is to be
  /// written anew.
  std::optional<Input> next(const std::atomic<bool>& stop);
  /// Of the next picture that `next` gave. `model`: the bundle's name.
  void write(const Record& record, const std::string& model);
  void finish();

  /// Pictures that were passed through, as they have a text.
  std::size_t left_out() const { return left_out_; }
  /// Pictures that have a caption and are not in the archive, as they could not be read again.
  std::size_t failed() const { return failed_; }

 private:
  struct Pending {
    Input input;
    bool captioned = false;
  };

  bool is_left_out(const Input& input) const;
  /// Takes its place behind those before it; waits where too much would wait with it.
  void enqueue(Pending pending, const std::atomic<bool>& stop);
  void pass(const Pending& pending);
  void add_texts(const Input& input, const Record& record, const std::string& model);
  std::string json_of(const Input& input, const std::string& name, const Record& record,
                      const std::string& model) const;
  void write_sample(const Input& last);
  void write_picture(const Input& input);
  std::string new_key(const Input& input);
  void put(const TarHeader& header, std::span<const std::byte> bytes);

  const CaptionConfig& config_;
  InputSource source_;
  std::unique_ptr<Output> stream_;  ///< or
  std::unique_ptr<ReplacingFile> file_;
  std::unique_ptr<TarWriter> writer_;
  std::unordered_set<std::size_t> keys_;  ///< hashes of those that were made of files' names
  std::size_t left_out_ = 0;
  std::size_t failed_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Pending> pending_;
  std::size_t passing_bytes_ = 0;             ///< of those that wait and are not captioned
  std::map<std::string, std::string> texts_;  ///< of the sample at work: name -> what stands there
};

}  // namespace caption::cli
