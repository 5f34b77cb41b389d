#pragma once

#include <string_view>

/// Messages for a person, each a line on stderr with the program's name in front. Thread-safe.
namespace caption::log {

enum class Level { quiet, normal };

/// `quiet` silences `info` and `warning`; errors are always shown.
void set_level(Level level);

void error(std::string_view message);
void warning(std::string_view message);
void info(std::string_view message);

}  // namespace caption::log
