#pragma once

#include <optional>
#include <string>

#include "files/file_state.h"
#include "records/json.h"

namespace caption {

// How our own files have in JSON what JSON has no form for.

/// Any bytes: each as a character from U+0000 to U+00FF.
std::string characters_of(const std::string& bytes);
/// The other way round.
std::string bytes_of(const std::string& characters);

/// As "bytes" and "changed", if there is one.
void add_state(const std::optional<FileState>& state, Json& json);
std::optional<FileState> state_in(const Json& json);

}  // namespace caption
