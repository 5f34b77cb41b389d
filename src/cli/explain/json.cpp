#include <cmath>

#include "cli/explain/text.h"
#include "records/json.h"

namespace caption::cli {
namespace {

Json fields(const TokenChoice& token) {
  return {
      {"id", token.id}, {"text", token.text}, {"prob", std::exp(token.logprob)}, {"logprob", token.logprob}};
}

Json fields(const ExplainedToken& token) {
  Json json = fields(token.chosen);
  json["rank"] = token.rank;
  json["alternatives"] = Json::array();
  for (const TokenChoice& other : token.alternatives) json["alternatives"].push_back(fields(other));
  return json;
}

Json fields(const ExplainedWord& word, int grid) {
  Json heat = Json::array();
  for (auto row = word.heat.begin(); row != word.heat.end(); row += grid) {
    heat.push_back(std::vector<double>(row, row + grid));
  }
  return {{"text", word.text},
          {"first_token", word.first_token},
          {"tokens", word.token_count},
          {"logprob", word.logprob},
          {"heat", heat}};
}

}  // namespace

std::string explanation_json(const ExplainedImage& explained) {
  const Explanation& explanation = explained.explanation;
  Json json = {{"image", explained.image}};
  json.update(caption_json(explanation.caption));
  json["model"] = explained.model;
  json["tokens"] = Json::array();
  for (const ExplainedToken& token : explanation.tokens) json["tokens"].push_back(fields(token));
  json["words"] = Json::array();
  for (const ExplainedWord& word : explanation.words) json["words"].push_back(fields(word, explanation.grid));
  json["heat_map"] = {{"method", "occlusion"},
                      {"grid", explanation.grid},
                      {"window", explanation.window},
                      {"resolution", explanation.resolution},
                      {"unit", "natural log-probability"}};
  return json_line(json);
}

}  // namespace caption::cli
