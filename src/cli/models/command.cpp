#include "cli/models/command.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "cli/installation.h"
#include "cli/locate_model.h"
#include "cli/models/fetch.h"
#include "cli/models/optimize.h"
#include "files/output.h"
#include "model/import.h"
#include "model/manifest.h"
#include "model/packed_files.h"
#include "model/registry.h"
#include "model/verify.h"
#include "records/json.h"

namespace caption::cli {
namespace {

std::string to_line(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// One line of `models list`: what its model.json says, or why it says nothing.
struct Listed {
  FoundModel model;
  std::string description;
  std::vector<PackedFile> packed;
  std::optional<std::string> error;
};

std::vector<Listed> list_all(const std::vector<std::filesystem::path>& folders) {
  std::vector<Listed> all;
  for (const FoundModel& model : list_models(folders)) {
    try {
      const Manifest manifest = read_manifest(model.folder);
      all.push_back({model, manifest.description, list_packed(model.folder, manifest), {}});
    } catch (const Error& error) {
      all.push_back({model, "", {}, error.what()});
    }
  }
  return all;
}

Json to_json(const std::vector<PackedFile>& files) {
  Json list = Json::array();
  for (const PackedFile& file : files) {
    Json& entry = list.emplace_back();
    entry = {{"precision", file.precision}, {"file", file.path.string()}, {"bytes", file.bytes}};
    entry["used"] = file.problem.empty();
    if (!file.problem.empty()) entry["error"] = file.problem;
  }
  return list;
}

std::string as_json(const std::vector<Listed>& all) {
  Json list = Json::array();
  for (const Listed& listed : all) {
    Json entry = {{"name", listed.model.name}, {"folder", listed.model.folder.string()}};
    if (listed.error) {
      entry["error"] = *listed.error;
    } else {
      entry["description"] = listed.description;
      entry["packed"] = to_json(listed.packed);
    }
    list.push_back(entry);
  }
  return to_line(list);
}

std::string as_text(const std::vector<Listed>& all) {
  std::size_t width = 0;
  for (const Listed& listed : all) width = std::max(width, listed.model.name.size());
  std::string text;
  for (const Listed& listed : all) {
    text += listed.model.name + std::string(width + 2 - listed.model.name.size(), ' ') +
            single_line(listed.error ? "damaged: " + *listed.error : listed.description) + "  [" +
            printable(listed.model.folder.string()) + "]\n";
  }
  return text;
}

void list(const ModelsConfig& config, Output& output) {
  const std::vector<Listed> all = list_all(model_folders(find_installation().models));
  output.write(config.json ? as_json(all) : as_text(all));
  static constexpr const char* kPublished = "conceptual";
  const bool installed = std::any_of(all.begin(), all.end(),
                                     [](const Listed& listed) { return listed.model.name == kPublished; });
  if (!config.json && !installed) {
    log::info(std::string("'") + kPublished + "', for photographs, is not installed; " +
              how_to_get(kPublished));
  }
}

std::string describe(const Manifest& m, const std::filesystem::path& folder) {
  const auto n = [](std::int64_t value) { return std::to_string(value); };
  const std::string side = n(m.image.resolution);
  std::string text;
  const auto line = [&text](std::string label, const std::string& value) {
    label.resize(16, ' ');
    text += label + single_line(value) + "\n";
  };
  line("name", m.name);
  line("folder", printable(folder.string()));
  line("description", m.description);
  line("image encoder", m.encoder.kind + ", " + side + " x " + side + " pixels -> " + n(m.encoder.embedding) +
                            " numbers, " + m.encoder.activation);
  line("mapper", m.mapper.kind + ", " + n(m.mapper.prefix_length) + " prefix vectors" +
                     (m.mapper.normalize ? ", from the normalised embedding" : ""));
  line("language model", n(m.language_model.layers) + " layers, width " + n(m.language_model.width) + ", " +
                             n(m.language_model.vocabulary) + " tokens, " + n(m.language_model.context) +
                             " positions");
  line("tokenizer", m.tokenizer.kind);
  line("stop", "token " + n(m.stop.token) + ", or " + n(m.stop.max_tokens) + " tokens");
  for (const Manifest::File& file : m.files) line("file", file.name + ", " + megabytes(file.bytes));
  for (const PackedFile& packed : list_packed(folder, m)) {
    line("packed " + packed.precision, packed.problem.empty()
                                           ? printable(packed.path.string()) + ", " + megabytes(packed.bytes)
                                           : "not used: " + printable(packed.problem));
  }
  line("origin", m.origin);
  line("license", m.license);
  return text;
}

void show(const ModelsConfig& config, Output& output) {
  const std::filesystem::path folder = locate_model(config.name);
  const Manifest manifest = read_manifest(folder);
  output.write(config.json ? to_json(manifest) : describe(manifest, folder));
}

void verify(const ModelsConfig& config, Output& output) {
  const std::filesystem::path folder = locate_model(config.name);
  verify_bundle(folder);
  output.write(printable(folder.string()) + ": every file is as model.json says\n");
}

void optimize(const ModelsConfig& config) {
  const std::filesystem::path folder = locate_model(config.name);
  if (config.remove) {
    const std::vector<std::filesystem::path> removed = remove_packed(folder);
    for (const std::filesystem::path& file : removed) log::info("removed " + printable(file.string()));
    if (removed.empty()) log::info("there was nothing to remove");
    return;
  }
  optimize_model(folder, config.model_options);
}

void import(const ModelsConfig& config) {
  ImportRequest request = config.request;
  if (request.folder.empty()) {
    const std::filesystem::path own = user_models();
    if (own.empty()) {
      throw Error(ErrorKind::usage,
                  "no place for the model: neither XDG_DATA_HOME nor HOME is set; give --folder");
    }
    request.folder = own / request.name;
  }
  std::error_code ignored;
  if (std::filesystem::exists(request.folder, ignored)) {
    throw Error(ErrorKind::usage,
                "'" + request.folder.string() + "' exists: remove it, or choose another --name or --folder",
                request.folder);
  }
  if (request.tokenizer.empty()) request.tokenizer = find_installation().tokenizer;
  request.published = find_installation().published;
  const Manifest manifest = import_bundle(request);
  log::info("made the model '" + request.name + "' in " + printable(request.folder.string()));
  log::info("its licence: " + single_line(manifest.license));
}

}  // namespace

ExitStatus run(const ModelsConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  Output output;
  switch (config.action) {
    case ModelsConfig::Action::list:
      list(config, output);
      break;
    case ModelsConfig::Action::show:
      show(config, output);
      break;
    case ModelsConfig::Action::verify:
      verify(config, output);
      break;
    case ModelsConfig::Action::optimize:
      optimize(config);
      break;
    case ModelsConfig::Action::import:
      import(config);
      break;
    case ModelsConfig::Action::fetch:
      return run(config.fetch);
  }
  return ExitStatus::success;
}

}  // namespace caption::cli
