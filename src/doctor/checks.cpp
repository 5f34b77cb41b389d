#include "doctor/checks.h"

#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

constexpr const char* kReport = ": send this report to those who make caption";

/// LibTorch's messages go on for thousands of characters.
constexpr std::size_t kMost = 300;

std::string first_line(const std::string& text) {
  const std::string line = text.substr(0, text.find('\n'));
  return line.size() > kMost ? line.substr(0, kMost) + "..." : line;
}

}  // namespace

std::string message_of(const std::exception& exception) {
  if (const auto* error = dynamic_cast<const Error*>(&exception)) return error->what();
  return first_line(exception.what()) + kReport;
}

bool Checks::look(const std::string& name, const std::function<std::string()>& examine) {
  Check check{name, CheckStatus::ok, {}};
  try {
    check.detail = examine();
  } catch (const std::exception& exception) {
    check.status = CheckStatus::failed;
    check.detail = message_of(exception);
  }
  lines_.push_back(std::move(check));
  return lines_.back().status == CheckStatus::ok;
}

bool Checks::look_or_skip(const std::string& name, const std::function<std::optional<std::string>()>& examine,
                          const std::string& why) {
  std::optional<std::string> found;
  const bool looked = look(name, [&] {
    found = examine();
    return found.value_or("");
  });
  if (looked && !found) {
    lines_.pop_back();
    skip(name, why);
  }
  return looked;
}

void Checks::warn(const std::string& name, const std::string& why) {
  lines_.push_back({name, CheckStatus::warning, why});
}

void Checks::skip(const std::string& name, const std::string& why) {
  lines_.push_back({name, CheckStatus::skipped, why});
}

}  // namespace caption
