#include "train/checkpoint.h"

#include <utility>

#include "caption/error.h"
#include "records/json.h"
#include "weights/weights.h"
#include "weights/write_safetensors.h"

namespace caption {
namespace {

constexpr const char* kProgress = "caption.training.progress";
constexpr const char* kSettings = "caption.training.settings";

void add(NamedTensors& all, const std::string& prefix, const NamedTensors& some) {
  for (const auto& [name, tensor] : some) all.emplace(prefix + name, tensor);
}

Json to_json(const TrainingProgress& progress) {
  return {{"updates", progress.updates},         {"validated", progress.validated},
          {"best_update", progress.best_update}, {"best_cider_d", progress.best_cider_d},
          {"best_loss", progress.best_loss},     {"without_gain", progress.without_gain},
          {"finished", progress.finished}};
}

TrainingProgress progress_of(const Json& json) {
  return {json.at("updates"),   json.at("validated"),    json.at("best_update"), json.at("best_cider_d"),
          json.at("best_loss"), json.at("without_gain"), json.at("finished")};
}

}  // namespace

void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint) {
  NamedTensors all;
  add(all, "weights/", checkpoint.state.weights);
  add(all, "first/", checkpoint.state.first);
  add(all, "second/", checkpoint.state.second);
  write_safetensors(
      file, all,
      {{kProgress, to_json(checkpoint.progress).dump()}, {kSettings, Json(checkpoint.settings).dump()}});
}

Checkpoint read_checkpoint(const std::filesystem::path& file) {
  const WeightFile read = read_weights(file);
  Checkpoint checkpoint;
  try {
    checkpoint.progress = progress_of(Json::parse(read.metadata.at(kProgress)));
    checkpoint.settings = Json::parse(read.metadata.at(kSettings)).get<TrainingSettings>();
  } catch (const std::exception&) {  // Json's, or no such text
    throw Error(ErrorKind::model, file.string() + ": is no checkpoint of a training", file);
  }
  for (const auto& [name, tensor] : read.tensors) {
    const std::size_t slash = name.find('/');
    const std::string part = name.substr(0, slash);
    if (slash == std::string::npos || (part != "weights" && part != "first" && part != "second"))
      throw Error(ErrorKind::model, file.string() + ": unknown tensor '" + name + "'", file);
    NamedTensors& to = part == "weights" ? checkpoint.state.weights
                       : part == "first" ? checkpoint.state.first
                                         : checkpoint.state.second;
    to.emplace(name.substr(slash + 1), tensor);
  }
  return checkpoint;
}

void require_same_settings(const TrainingSettings& before, const TrainingSettings& now) {
  std::string differences;
  for (const auto& [name, value] : now) {
    const auto old = before.find(name);
    const std::string was = old == before.end() ? "not known" : old->second;
    if (was != value) differences += (differences.empty() ? "" : "; ") + name + ": " + was + ", now " + value;
  }
  if (differences.empty()) return;
  throw Error(ErrorKind::usage, "the training that is to go on was begun with other settings (" +
                                    differences + "): give the same ones, or begin a new training");
}

}  // namespace caption
