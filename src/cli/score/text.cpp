#include "cli/score/text.h"

#include "base/printable.h"
#include "cli/table.h"
#include "records/json.h"

namespace caption::cli {

std::string scores_table(const std::vector<TextScore>& texts, bool tokens) {
  std::vector<Column> columns = {{"score", true}, {"mean", true}, {"tokens", true}};
  const bool similar = !texts.empty() && texts.front().similarity.has_value();
  if (similar) columns.push_back({"similarity", true});
  columns.push_back({"text"});
  std::vector<std::vector<std::string>> lines;
  for (const auto& [text, similarity, cut] : texts) {
    std::vector<std::string>& line = lines.emplace_back();
    line = {format("%.3f", text.score), format("%.3f", text.mean_logprob),
            std::to_string(text.tokens.size())};
    if (similar) line.push_back(format("%.4f", similarity.value_or(0)));
    line.push_back(printable(text.text));
  }
  std::string table = aligned(columns, std::move(lines));
  if (!tokens) return table;
  for (const auto& [text, similarity, cut] : texts) {
    lines.clear();
    for (const ScoredToken& token : text.tokens)
      lines.push_back({format("%.3f", token.logprob), "'" + printable(token.text) + "'"});
    table += "\n" + printable(text.text) + "\n" + aligned({{"logprob", true}, {"token"}}, std::move(lines));
  }
  return table;
}

std::string scores_json(const std::string& image, const std::string& model,
                        const std::vector<TextScore>& texts) {
  std::string lines;
  for (const auto& [text, similarity, cut] : texts) {
    Json json = {
        {"image", image}, {"text", text.text}, {"score", text.score}, {"mean_logprob", text.mean_logprob}};
    if (similarity) json["similarity"] = *similarity;
    if (cut) json["similarity_of_beginning"] = true;
    json["tokens"] = Json::array();
    json["model"] = model;
    for (const ScoredToken& token : text.tokens)
      json["tokens"].push_back({{"id", token.id}, {"text", token.text}, {"logprob", token.logprob}});
    lines += json_line(json);
  }
  return lines;
}

}  // namespace caption::cli
