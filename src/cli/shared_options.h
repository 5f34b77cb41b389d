#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "caption/options.h"

namespace caption::cli {

// Options that mean the same in several commands.

/// --model, --device, --precision and --threads.
void add_model_options(CLI::App& app, std::string& model, ModelOptions& options);
/// --max-megapixels
CLI::Option* add_max_megapixels(CLI::App& app, ImageOptions& options);
/// --beam
CLI::Option* add_beam(CLI::App& app, DecodeOptions& options);
/// --max-tokens
CLI::Option* add_max_tokens(CLI::App& app, DecodeOptions& options);

/// After parsing. Throws Error(usage) that points to the help of `command` if `device` is the name of none.
void check_device(const std::string& device, const std::string& command);

}  // namespace caption::cli
