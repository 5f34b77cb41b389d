#include "cli/models/fetch.h"

#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "cli/installation.h"
#include "cli/model_terms.h"
#include "cli/models/download_progress.h"
#include "cli/models/optimize.h"
#include "cli/signals.h"
#include "cli/suggestions.h"
#include "cli/version.h"
#include "fetch/address.h"
#include "fetch/fetch.h"
#include "files/output.h"
#include "model/bundle.h"
#include "model/import.h"
#include "model/registry.h"

namespace caption::cli {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path require_place(const fs::path& folder, const std::string& variable) {
  if (folder.empty())
    throw Error(ErrorKind::usage, "no place for the files: neither " + variable + " nor HOME is set");
  return folder;
}

const PublishedModel& find(const Published& published, const std::string& name) {
  if (const PublishedModel* const model = published.find_model(without_alias(name))) return *model;
  std::vector<std::string> names;
  std::string list;
  for (const PublishedModel& model : published.models) {
    names.push_back(model.name);
    list += (list.empty() ? "" : ", ") + model.name;
  }
  throw Error(ErrorKind::usage,
              "nobody publishes a model '" + name + "'" + did_you_mean(name, names) + "; there are " + list);
}

/// Hugging Face, and whom to trust, as the usual variables have them.
HuggingFace hugging_face() {
  HuggingFace face;
  if (std::string server = environment("HF_ENDPOINT"); !server.empty()) {
    while (server.ends_with('/')) server.pop_back();
    if (!is_web_address(server))
      throw Error(ErrorKind::usage,
                  "HF_ENDPOINT is '" + server + "', which begins with neither https:// nor http://");
    face.server = server;
  }
  face.token = environment("HF_TOKEN");
  return face;
}

HttpOptions http_options(const FetchConfig& config) {
  HttpOptions http;
  http.user_agent = program_version();
  http.timeout_s = config.timeout_s;
  http.stop = &interrupted;
  for (const char* variable : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    if (http.ca_file.empty()) http.ca_file = environment(variable);
  }
  http.ca_folder = environment("SSL_CERT_DIR");
  for (const std::string& trusted : {http.ca_file, http.ca_folder}) {
    std::error_code ignored;
    if (trusted.empty() || fs::exists(trusted, ignored)) continue;
    throw Error(ErrorKind::usage, "'" + trusted +
                                      "', which CURL_CA_BUNDLE, SSL_CERT_FILE or SSL_CERT_DIR "
                                      "names for certificates, is not there");
  }
  return http;
}

std::string size_text(const PublishedFile& file) {
  char text[48];
  std::snprintf(text, sizeof text, "%s%.1f MB", file.exact ? "" : "about ",
                static_cast<double>(file.bytes) / 1e6);
  return text;
}

/// What the files are and where they are to be had, for a person.
std::string describe(const std::vector<PlannedFile>& plan) {
  std::string text;
  for (const PlannedFile& file : plan) {
    text += file.published.name + ", " + size_text(file.published) + ": " + file.published.title + "\n";
    for (const std::string& source : file.sources) text += "  " + printable(source) + "\n";
    text +=
        "  sha256 " + (file.published.sha256.empty() ? "was not published" : file.published.sha256) + "\n";
    text += "  licence: " + single_line(file.published.license) + "\n";
  }
  return text;
}

/// For a person whose machine does not get a file.
std::string by_hand(const PublishedModel& model, const std::vector<PlannedFile>& plan, bool offline) {
  std::string text =
      offline ? "\nNo network here? On a machine that has one, download\n" : "\nBy hand: download\n";
  for (const PlannedFile& file : plan) {
    std::string before = "  " + file.published.name + " from ";
    for (const std::vector<std::string>& addresses : {file.published.addresses, file.published.mirrors}) {
      for (const std::string& address : addresses) {
        text += before + printable(address) + "\n";
        before = "    or ";
      }
    }
  }
  text += "into a folder, copy that here, and run\n  caption models fetch " + model.name + " --from FOLDER";
  return text;
}

std::string origin_of(const std::vector<FetchedFile>& files) {
  std::string text;
  for (const FetchedFile& file : files) {
    text += (text.empty() ? "encoder: " : "; captioner: ") + file.published.name + " (" +
            file.published.title + ", from " + file.source + ", sha256 " +
            (file.published.sha256.empty() ? "not published" : "verified") + ")";
  }
  return text;
}

/// Says now that the disk is full, not after two gigabytes.
void require_room(const fs::path& folder, const std::vector<PlannedFile>& plan) {
  std::uint64_t needed = 0;
  for (const PlannedFile& file : plan) needed += file.published.bytes;
  fs::path existing = folder;
  std::error_code error;
  while (!existing.empty() && !fs::exists(existing, error)) existing = existing.parent_path();
  const std::uint64_t free = fs::space(existing.empty() ? "." : existing, error).available;
  if (error || free >= needed) return;
  throw Error(ErrorKind::output,
              folder.string() + ": the model needs " + std::to_string(needed / 1000000) + " MB, and only " +
                  std::to_string(free / 1000000) + " MB are free there",
              folder);
}

/// Downloads are of no use any more once they are part of a model.
void remove_downloads(const std::vector<FetchedFile>& files) {
  for (const FetchedFile& file : files) {
    std::error_code ignored;
    if (file.downloaded) fs::remove(file.file, ignored);
  }
}

void make_model(ImportRequest request, const std::vector<FetchedFile>& files, Pins& pins) {
  const FetchedFile& clip = files.at(0);
  const FetchedFile& captioner = files.at(1);
  request.clip = clip.file;
  request.captioner = captioner.file;
  request.published = find_installation().published;
  request.origin = origin_of(files);
  request.license = "encoder: " + clip.published.license + "; captioner: " + captioner.published.license;
  for (const FetchedFile& file : files) {
    if (file.downloaded) request.give_away.push_back(file.file);
  }
  import_bundle(request);
  // Not before: what cannot be imported should not be the first that later ones are compared with.
  for (const FetchedFile& file : files) {
    if (file.published.sha256.empty()) pins.add(file.published.name, {file.sha256, file.bytes, file.source});
  }
  remove_downloads(files);
  log::info("made the model '" + request.name + "' in " + printable(request.folder.string()));
  say_terms(request.license);
}

void optimize_if_asked(const FetchConfig& config, const fs::path& folder) {
  if (!config.optimize) return;
  ModelOptions options;
  options.device = "cpu";
  options.precision = *config.optimize;
  optimize_model(folder, options);
}

}  // namespace

ExitStatus run(const FetchConfig& config) {
  if (config.quiet) log::set_level(log::Level::quiet);
  const Published published =
      read_published(config.published.empty() ? find_installation().published : config.published);
  const PublishedModel& model = find(published, config.model);
  const std::string name = config.name.empty() ? model.name : config.name;
  const fs::path folder =
      config.folder.empty() ? require_place(user_models(), "XDG_DATA_HOME") / name : config.folder;
  FetchSources sources{config.from, config.mirror, {}};
  if (config.from.empty()) sources.model_folders = model_folders(find_installation().models);
  const std::vector<PlannedFile> plan = plan_fetch(published, model, sources);
  const fs::path downloads = require_place(user_cache(), "XDG_CACHE_HOME") / "downloads";
  if (config.dry_run) {
    Output().write(describe(plan) + "-> " + printable(downloads.string()) + ", then the model " +
                   printable(folder.string()) + "\n");
    return ExitStatus::success;
  }
  std::error_code ignored;
  if (fs::exists(folder, ignored)) {
    read_complete_manifest(folder);
    log::info("'" + name + "' is there already, in " + printable(folder.string()) + ": nothing is fetched");
    optimize_if_asked(config, folder);
    return ExitStatus::success;
  }
  require_room(folder, plan);
  Pins pins(require_place(user_models(), "XDG_DATA_HOME").parent_path() / "pins.json");
  const DownloadSettings settings{downloads, config.retries, hugging_face(), &interrupted};
  DownloadProgress progress(config.quiet);
  catch_interrupts();
  try {
    ImportRequest request;
    request.name = name;
    request.folder = folder;
    request.merges = find_installation().merges;
    request.tokenizer = config.tokenizer;
    request.usual_tokenizer = find_installation().tokenizer;
    make_model(request, fetch_files(plan, pins, settings, http_options(config), progress), pins);
  } catch (const FetchError& error) {
    throw Error(ErrorKind::model, error.what() + by_hand(model, plan, error.offline()));
  } catch (const Interrupted&) {
    log::info("interrupted: the same command goes on from what has come");
    return ExitStatus::interrupted;
  }
  optimize_if_asked(config, folder);
  return ExitStatus::success;
}

}  // namespace caption::cli
