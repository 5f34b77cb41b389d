#pragma once

#include <filesystem>
#include <string>

namespace caption::cli {

/// Where a model comes from and under which terms, as its model.json says, each on one line.
struct ModelTerms {
  std::string origin;
  std::string license;
};

/// Of the bundle in `folder`. Throws Error(model).
ModelTerms read_model_terms(const std::filesystem::path& folder);

/// Says on standard error under which terms something stands that was made of a model or of files.
void say_terms(const std::string& license);

/// "model NAME", "origin ..." and "license ..." lines of each model that comes with the program; of a damaged
/// one what is wrong with it.
std::string terms_of_own_models();

}  // namespace caption::cli
