#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "caption/options.h"
#include "cli/parsed.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "inputs/input.h"
#include "metadata/descriptions.h"
#include "pipeline/batch.h"
#include "records/sidecars.h"
#include "records/writers.h"

namespace caption::cli {

/// Whether a run goes on where an earlier one with the same output ended.
enum class Resume { no, yes, force };

/// How messages for a person or a program are written.
enum class LogFormat { text, json };

/// What becomes of a sidecar that is there already.
enum class Existing { skip, overwrite, append };

/// Captions in files of their own beside the pictures.
struct SidecarOptions {
  std::optional<SidecarFormat> format;          ///< nothing: none
  Existing existing = Existing::skip;           ///< of metadata and archives, too
  std::optional<std::filesystem::path> folder;  ///< for them, instead of the pictures' own
  std::string prefix;                           ///< of texts in archives, too
  std::string suffix;
  bool dry_run = false;  ///< only says what would be written; of metadata, too
};

/// Captions in the pictures' metadata.
struct MetadataOptions {
  bool write = false;
  MetadataPlace place = MetadataPlace::picture;
  bool keep_times = false;  ///< of the files
};

/// `caption [OPTION]... INPUT...`, complete and checked.
struct CaptionConfig {
  InputOptions inputs;
  std::string model;  ///< name or folder; empty: the best of what is installed
  ModelOptions model_options{.note = log::info};
  BatchOptions batch;
  RecordFormat format = RecordFormat::text;
  std::optional<std::filesystem::path> output;      ///< instead of stdout
  std::optional<std::filesystem::path> failed;      ///< where the names of failed inputs go
  std::optional<std::filesystem::path> embeddings;  ///< the inputs' embeddings, instead of pictures
  bool doubtful = false;                            ///< and of those with a doubtful caption
  std::optional<std::filesystem::path> html;        ///< where the report goes
  bool left_out = false;  ///< jsonl: records of what folders hold beside inputs, too
  SidecarOptions sidecars;
  MetadataOptions metadata;
  std::optional<std::filesystem::path> output_tar;  ///< "-" is standard output
  Resume resume = Resume::no;
  bool retry_failed = false;  ///< of a resumed run: and what has changed
  Color color = Color::automatic;
  bool quiet = false;
  bool verbose = false;
  LogFormat log_format = LogFormat::text;
};

/// As --format has it.
std::string format_name(RecordFormat format);

/// The options of `caption` itself. Throws Error(usage) with a message that names the option, what is valid,
/// and a near match if there is one.
std::variant<CaptionConfig, PrintHelp, PrintVersion> parse_caption(const std::vector<std::string>& arguments);

}  // namespace caption::cli
