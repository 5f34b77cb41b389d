#include "cli/models/command.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "cli/installation.h"
#include "cli/locate_model.h"
#include "cli/model_terms.h"
#include "cli/models/fetch.h"
#include "cli/models/listing.h"
#include "cli/models/optimize.h"
#include "files/output.h"
#include "files/replacing_file.h"
#include "model/export.h"
#include "model/import.h"
#include "model/manifest.h"
#include "model/packed_files.h"
#include "model/registry.h"
#include "model/remove.h"
#include "model/verify.h"

namespace caption::cli {
namespace {

void show(const ModelsConfig& config, Output& output) {
  const std::filesystem::path folder = locate_model(config.name);
  const Manifest manifest = read_manifest(folder);
  output.write(config.json ? to_json(manifest) : describe(manifest, folder));
}

/// `caption models export`: the archive appears when it is complete.
void export_(const ModelsConfig& config, Output& output) {
  const std::filesystem::path folder = locate_model(config.name);
  const std::string name = std::filesystem::canonical(folder).filename().string();
  const ModelTerms terms = read_model_terms(folder);
  if (config.checkpoint) {
    export_checkpoint(folder, std::filesystem::absolute(*config.checkpoint));
    log::info("made " + printable(config.checkpoint->string()) +
              ", which torch.load reads with weights_only=True");
    say_terms(terms.license);
    return;
  }
  if (config.output == "-") {
    if (output.is_terminal())
      throw Error(ErrorKind::usage,
                  "an archive is nothing for a terminal: redirect it, or leave out --output -");
    export_bundle(folder, name, [&](std::span<const std::byte> bytes) {
      output.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    });
    say_terms(terms.license);
    return;
  }
  const std::filesystem::path target = std::filesystem::absolute(config.output.value_or(name + ".tar"));
  ReplacingFile file(target, 1);
  std::uint64_t written = 0;
  export_bundle(folder, name, [&](std::span<const std::byte> bytes) {
    file.write(bytes);
    written += bytes.size();
  });
  file.keep();
  log::info("made " + printable(target.string()) + ", " + megabytes(written));
  say_terms(terms.license);
}

void remove(const ModelsConfig& config) {
  const std::filesystem::path folder = locate_model(config.name);
  const auto real = [](const std::filesystem::path& path) { return std::filesystem::weakly_canonical(path); };
  if (real(folder).parent_path() == real(find_installation().models))
    throw Error(ErrorKind::usage, "'" + config.name + "' comes with the program and stays", folder);
  const std::uint64_t bytes = remove_bundle(folder);
  log::info("removed " + printable(folder.string()) + ", " + megabytes(bytes));
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

/// The folder that an import is to make: the one that was asked for, or `name` among the user's models.
std::filesystem::path new_folder(const std::filesystem::path& asked, const std::string& name) {
  std::filesystem::path folder = asked;
  if (folder.empty()) {
    const std::filesystem::path own = user_models();
    if (own.empty()) {
      throw Error(ErrorKind::usage,
                  "no place for the model: neither XDG_DATA_HOME nor HOME is set; give --folder");
    }
    folder = own / name;
  }
  std::error_code ignored;
  if (std::filesystem::exists(folder, ignored)) {
    throw Error(ErrorKind::usage,
                "'" + folder.string() + "' exists: remove it, or choose another --name or --folder", folder);
  }
  return folder;
}

void say_made(const Manifest& manifest, const std::string& name, const std::filesystem::path& folder) {
  log::info("made the model '" + name + "' in " + printable(folder.string()));
  say_terms(manifest.license);
}

void import_archive(const ModelsConfig& config) {
  UnpackRequest request{config.archive, config.request.name, config.request.folder};
  const std::string name = request.name.empty() ? archived_name(request.archive) : request.name;
  if (const std::string wrong = wrong_model_name(name); request.name.empty() && !wrong.empty()) {
    throw Error(ErrorKind::usage, config.archive + ": the model in it is called '" + name +
                                      "', which is no name here: give another one with --name");
  }
  request.folder = new_folder(request.folder, name);
  say_made(unpack_bundle(request), name, request.folder);
}

void import(const ModelsConfig& config) {
  if (!config.archive.empty()) {
    import_archive(config);
    return;
  }
  ImportRequest request = config.request;
  request.folder = new_folder(request.folder, request.name);
  request.usual_tokenizer = find_installation().tokenizer;
  request.merges = find_installation().merges;
  request.published = find_installation().published;
  say_made(import_bundle(request), request.name, request.folder);
}

}  // namespace

ExitStatus run(const ModelsConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  Output output;
  switch (config.action) {
    case ModelsConfig::Action::list:
      write_list(config.json, output);
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
    case ModelsConfig::Action::export_:
      export_(config, output);
      break;
    case ModelsConfig::Action::remove:
      remove(config);
      break;
    case ModelsConfig::Action::fetch:
      return run(config.fetch);
  }
  return ExitStatus::success;
}

}  // namespace caption::cli
