#include "cli/models/listing.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "cli/installation.h"
#include "cli/locate_model.h"
#include "cli/models/optimize.h"
#include "model/packed_files.h"
#include "model/registry.h"
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
  std::string license;
  std::uint64_t bytes = 0;  ///< of all its files, without the packed ones
  std::vector<PackedFile> packed;
  std::optional<std::string> error;
};

std::vector<Listed> list_all(const std::vector<std::filesystem::path>& folders) {
  std::vector<Listed> all;
  for (const FoundModel& model : list_models(folders)) {
    try {
      const Manifest manifest = read_manifest(model.folder);
      std::uint64_t bytes = 0;
      for (const Manifest::File& file : manifest.files) bytes += file.bytes;
      all.push_back(
          {model, manifest.description, manifest.license, bytes, list_packed(model.folder, manifest), {}});
    } catch (const Error& error) {
      all.push_back({model, "", "", 0, {}, error.what()});
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
      entry["license"] = listed.license;
      entry["bytes"] = listed.bytes;
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

}  // namespace

void write_list(bool json, Output& output) {
  const std::vector<Listed> all = list_all(model_folders(find_installation().models));
  output.write(json ? as_json(all) : as_text(all));
  static constexpr const char* kPublished = "conceptual";
  const bool installed = std::any_of(all.begin(), all.end(),
                                     [](const Listed& listed) { return listed.model.name == kPublished; });
  if (!json && !installed) {
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
  line("pictures", std::string(m.image.fit == "crop" ? "their middle" : "stretched to a square") + ", " +
                       m.image.resample);
  line("mapper", m.mapper.kind + ", " + n(m.mapper.prefix_length) + " prefix vectors" +
                     (m.mapper.normalize ? ", from the normalised embedding" : ""));
  line("language model", n(m.language_model.layers) + " layers, width " + n(m.language_model.width) + ", " +
                             n(m.language_model.heads) + " heads, " + n(m.language_model.vocabulary) +
                             " tokens, " + n(m.language_model.context) + " positions");
  line("tokenizer", m.tokenizer.kind);
  line("text side", m.text ? n(m.text->layers) + " layers, width " + n(m.text->width) + ", " +
                                 n(m.text->vocabulary) + " tokens, " + n(m.text->context) + " positions"
                           : "none");
  std::string stop;
  for (const std::int64_t token : m.stop.tokens) stop += "token " + n(token) + ", or ";
  for (const std::string& ending : m.stop.texts)
    stop += "the text " + nlohmann::json(ending).dump() + ", or ";
  line("stop", stop + n(m.stop.max_tokens) + " tokens");
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

}  // namespace caption::cli
