#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "caption/benchmark.h"
#include "caption/explanation.h"
#include "caption/options.h"
#include "cli/version.h"
#include "pipeline/batch.h"
#include "pipeline/engine.h"

namespace caption::cli {

/// How records are written.
enum class Format { text, jsonl, csv };

/// When names are coloured.
enum class Color { automatic, always, never };

/// Where the inputs come from.
struct InputOptions {
  std::vector<std::string> names;         ///< files, folders, "-"; as given
  std::optional<std::string> files_from;  ///< a file that lists more of them, "-" is stdin
  bool null_separated = false;            ///< the entries of lists end with NUL, not with a newline
  bool recursive = false;                 ///< look into the folders' subfolders
};

/// `caption [OPTION]... INPUT...`, complete and checked.
struct CaptionConfig {
  InputOptions inputs;
  std::string model;  ///< name or folder; empty: the best of what is installed
  ModelOptions model_options;
  BatchOptions batch;
  Format format = Format::text;
  std::optional<std::filesystem::path> output;  ///< instead of stdout
  std::optional<std::filesystem::path> failed;  ///< where the names of failed inputs go
  std::optional<std::filesystem::path> html;    ///< where the report goes
  Color color = Color::automatic;
  bool quiet = false;
};

/// `caption models ...`, complete and checked.
struct ModelsConfig {
  enum class Action { list, show, verify, optimize, import };
  Action action = Action::list;
  std::string name;            ///< show, verify, optimize: name or folder
  bool json = false;           ///< list, show
  bool quiet = false;          ///< optimize, import
  bool remove = false;         ///< optimize
  ModelOptions model_options;  ///< optimize
  /// import: `folder` and `tokenizer` are empty if the defaults are meant.
  ImportRequest request;
};

/// `caption explain [OPTION]... IMAGE`, complete and checked.
struct ExplainConfig {
  std::string image;  ///< a file, or "-" for standard input
  std::string model;  ///< name or folder; empty: the best of what is installed
  ModelOptions model_options;
  ImageOptions image_options;
  DecodeOptions decode;
  ExplainOptions explanation;
  bool json = false;                          ///< instead of the table
  std::optional<std::filesystem::path> html;  ///< a page, too
  std::optional<std::filesystem::path> png;   ///< a picture, too
  bool quiet = false;
};

/// `caption bench [OPTION]... [IMAGE|DIR]...`, complete and checked.
struct BenchConfig {
  InputOptions inputs;  ///< no names: the example pictures
  std::string model;    ///< name or folder; empty: the best of what is installed
  ModelOptions model_options;
  BenchmarkOptions benchmark;
  bool json = false;  ///< instead of the table
  bool quiet = false;
};

/// `caption doctor [OPTION]...`, complete and checked.
struct DoctorConfig {
  std::string model;  ///< name or folder; empty: the best of what is installed
  ModelOptions model_options;
  bool json = false;  ///< instead of the text
  bool quiet = false;
};

/// `--help`.
struct PrintHelp {
  std::string text;
};

using Command = std::variant<CaptionConfig, ModelsConfig, ExplainConfig, BenchConfig, DoctorConfig, PrintHelp,
                             PrintVersion>;

/// What the arguments (without the program's name) ask for. Throws Error(usage) with a message that names the
/// option, what is valid, and a near match if there is one.
Command parse_command_line(const std::vector<std::string>& arguments);

}  // namespace caption::cli
