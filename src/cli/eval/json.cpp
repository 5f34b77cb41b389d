#include <cstddef>

#include "cli/eval/evaluation.h"
#include "records/json.h"

namespace caption::cli {
namespace {

std::string key(std::size_t metric) {
  return std::string(eval::kMetricNames[metric].key);
}

Json values(const eval::Metrics& metrics, std::size_t count) {
  Json json = Json::object();
  for (std::size_t i = 0; i < count; ++i) json[key(i)] = metrics[i];
  return json;
}

void add_file(const EvaluatedFile& file, std::size_t count, Json& json) {
  json["metrics"] = values(file.metrics, count);
  json["intervals"] = Json::object();
  for (std::size_t i = 0; i < count; ++i)
    json["intervals"][key(i)] = {file.intervals[i].low, file.intervals[i].high};
  json["pycocoevalcap"] = Json::object();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string peer(eval::kMetricNames[i].peer);
    if (!peer.empty()) json["pycocoevalcap"][peer] = file.metrics[i];
  }
}

}  // namespace

std::string evaluation_json(const EvalConfig& config, const Evaluation& evaluation) {
  const Pairs& pairs = evaluation.pairs;
  Json json = {{"captions", config.captions.string()}, {"references", config.references.string()}};
  json["images"] = pairs.images.size();
  json["left_out"] = {{"without_references", pairs.without_references.size()},
                      {"failed", pairs.failed},
                      {"not_captioned", pairs.not_captioned}};
  json["empty_captions"] = pairs.empty;
  json["meteor_modules"] = {"exact", "stem"};
  if (config.meteor_data) json["meteor_modules"] = {"exact", "stem", "synonym", "paraphrase"};
  if (config.clip_model) json["clip_model"] = *config.clip_model;
  add_file(evaluation.first, evaluation.metrics, json);
  json["resampling"] = {{"times", config.resampling.times}, {"seed", config.resampling.seed}};
  if (evaluation.second) {
    Json& compare = json["compare"] = {{"captions", config.compare->string()}};
    add_file(*evaluation.second, evaluation.metrics, compare);
    compare["differences"] = Json::object();
    for (std::size_t i = 0; i < evaluation.metrics; ++i) {
      const eval::Difference& difference = evaluation.differences->at(i);
      compare["differences"][key(i)] = {{"value", difference.value},
                                        {"interval", {difference.interval.low, difference.interval.high}},
                                        {"p", difference.p},
                                        {"better", difference.better},
                                        {"worse", difference.worse}};
    }
  }
  return json_line(json);
}

std::string image_json(const Evaluation& evaluation, std::size_t picture) {
  const eval::Captions& captions = evaluation.pairs.captions[picture];
  Json json = {{"image", evaluation.pairs.images[picture]}, {"caption", captions.candidate}};
  json.update(values(eval::metrics(evaluation.first.pictures[picture]), evaluation.metrics));
  if (evaluation.second) {
    json["compare"] = {{"caption", evaluation.pairs.others[picture]}};
    json["compare"].update(values(eval::metrics(evaluation.second->pictures[picture]), evaluation.metrics));
  }
  json["references"] = captions.references;
  return json_line(json);
}

}  // namespace caption::cli
