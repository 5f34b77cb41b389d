#pragma once

#include <string>
#include <string_view>

/// Messages for a person, each a line on stderr with the program's name in front. Thread-safe.
namespace caption::log {

enum class Level { quiet, normal };

/// `quiet` silences `info` and `warning`; errors are always shown.
void set_level(Level level);

/// What a message becomes, with its end. `kind`: "error", "warning" or "note".
using Line = std::string (*)(std::string_view kind, std::string_view message);
/// From now on messages are written so; before, as "caption: error: MESSAGE", "caption: MESSAGE".
void set_line(Line line);

void error(std::string_view message);
void warning(std::string_view message);
void info(std::string_view message);

}  // namespace caption::log
