#pragma once

#include <atomic>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "caption/error.h"
#include "inputs/input.h"
#include "inputs/left_out.h"
#include "inputs/tar_sample.h"

namespace caption {

/// The pictures of a tar archive, in its order, without unpacking it.
class TarWalk {
 public:
  /// `name`: of the archive; "-" is standard input. What `patterns` do not take is no picture. They must
  /// outlive this, and so must `left_out`, if there is one: it gets the raw files that stand next to their
  /// pictures (raw_pairs.h), which are none either.
  /// Throws Error(usage) for names alone of an archive that would have to be read for that: compressed, or in
  /// a pipe.
  TarWalk(std::string name, const Patterns& patterns, TarContents contents, LeftOut* left_out = nullptr);
  TarWalk(const TarWalk&) = delete;
  TarWalk& operator=(const TarWalk&) = delete;
  ~TarWalk();

  /// The next picture, as ARCHIVE/NAME; nothing at the end, or soon after `stop` becomes true. An archive
  /// that cannot be opened, or read on, is handed out itself, so that its failure gets a record. With
  /// TarContents::samples, a sample without a picture is handed out, too: see Input::only_passes.
  std::optional<Input> next(const std::atomic<bool>& stop);

 private:
  void read(const std::atomic<bool>& stop);
  void read_sample(const std::atomic<bool>& stop);
  void hand_out(const std::shared_ptr<TarSample>& sample);
  Input picture(const std::string& member) const;
  bool is_picture(const std::string& member) const;
  void fail(const Error& error);
  /// A picture comes next: decides on the raw files that wait.
  void add(Input input);
  void hand_out_raws();
  void leave_out(const std::string& member);

  std::string name_;
  const Patterns& patterns_;
  TarContents contents_;
  LeftOut* left_out_;
  int descriptor_ = -1;
  std::unique_ptr<TarReader> reader_;  ///< null at the end
  std::optional<TarHeader> next_;      ///< of the next sample's first file
  std::vector<Input> raws_;            ///< of one name, which wait for what comes next
  std::string last_picture_;           ///< member that was handed out, and is not raw
  std::deque<Input> ready_;
};

}  // namespace caption
