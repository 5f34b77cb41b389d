#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "doctor/report.h"

namespace caption {

/// The lines of `caption doctor`, one by one.
class Checks {
 public:
  /// Adds the line of a check that returns what it found, or throws what is wrong. -> whether it is ok
  bool look(const std::string& name, const std::function<std::string()>& examine);
  /// As `look`, where nothing found is no failure: a line that is skipped, and why.
  bool look_or_skip(const std::string& name, const std::function<std::optional<std::string>()>& examine,
                    const std::string& why);
  void warn(const std::string& name, const std::string& why);
  void skip(const std::string& name, const std::string& why);

  std::vector<Check> take() { return std::move(lines_); }

 private:
  std::vector<Check> lines_;
};

/// What an exception says, in one line: LibTorch's own go on with where they come from, and say nothing of
/// what to do.
std::string message_of(const std::exception& exception);

}  // namespace caption
