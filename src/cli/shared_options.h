#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "caption/options.h"

namespace caption::cli {

// Options that mean the same in several commands.

/// --model, --device, --precision and --threads.
void add_model_options(CLI::App& app, std::string& model, ModelOptions& options);
/// --device alone
void add_device(CLI::App& app, std::string& device);
/// --model alone
void add_model_name(CLI::App& app, std::string& model);
/// --precision and --threads alone
void add_arithmetic(CLI::App& app, ModelOptions& options);
/// --max-megapixels
CLI::Option* add_max_megapixels(CLI::App& app, ImageOptions& options);
/// --beam
CLI::Option* add_beam(CLI::App& app, DecodeOptions& options);
/// --max-tokens
CLI::Option* add_max_tokens(CLI::App& app, DecodeOptions& options);

/// As --precision takes it.
std::string precision_name(Precision precision);

/// After parsing. Throws Error(usage) that points to the help of `command` if `device` is the name of none.
void check_device(const std::string& device, const std::string& command);

}  // namespace caption::cli
