#include "cli/score/text.h"

#include "base/printable.h"
#include "cli/table.h"
#include "records/json.h"

namespace caption::cli {

std::string scores_table(const std::vector<ScoredText>& texts, bool tokens) {
  std::vector<std::vector<std::string>> lines;
  for (const ScoredText& text : texts) {
    lines.push_back({format("%.3f", text.score), format("%.3f", text.mean_logprob),
                     std::to_string(text.tokens.size()), printable(text.text)});
  }
  std::string table =
      aligned({{"score", true}, {"mean", true}, {"tokens", true}, {"text"}}, std::move(lines));
  if (!tokens) return table;
  for (const ScoredText& text : texts) {
    lines.clear();
    for (const ScoredToken& token : text.tokens)
      lines.push_back({format("%.3f", token.logprob), "'" + printable(token.text) + "'"});
    table += "\n" + printable(text.text) + "\n" + aligned({{"logprob", true}, {"token"}}, std::move(lines));
  }
  return table;
}

std::string scores_json(const std::string& image, const std::string& model,
                        const std::vector<ScoredText>& texts) {
  std::string lines;
  for (const ScoredText& text : texts) {
    Json json = {{"image", image},          {"text", text.text},
                 {"score", text.score},     {"mean_logprob", text.mean_logprob},
                 {"tokens", Json::array()}, {"model", model}};
    for (const ScoredToken& token : text.tokens)
      json["tokens"].push_back({{"id", token.id}, {"text", token.text}, {"logprob", token.logprob}});
    lines += json_line(json);
  }
  return lines;
}

}  // namespace caption::cli
