#include "decode/score_texts.h"

#include <optional>
#include <string>
#include <utility>

#include "caption/error.h"
#include "decode/logit_rows.h"
#include "decode/next_token.h"

namespace caption {
namespace {

void require_known(const std::vector<std::vector<std::int32_t>>& texts, std::size_t vocabulary) {
  for (const auto& tokens : texts) {
    for (const std::int32_t token : tokens) {
      if (token >= 0 && static_cast<std::size_t>(token) < vocabulary) continue;
      throw Error(ErrorKind::usage, "a text has token " + std::to_string(token) +
                                        ", but the model's vocabulary ends at " + std::to_string(vocabulary));
    }
  }
}

}  // namespace

std::vector<std::vector<float>> score_texts(StepFunction& model,
                                            const std::vector<std::vector<std::int32_t>>& texts) {
  std::vector<std::vector<float>> scores(texts.size());
  LogitRows rows(model);
  rows.compute({}, {}, 1);
  require_known(texts, rows.vocabulary());
  std::vector<std::size_t> row(texts.size());  // of the latest pass; at first all have the image's
  NextToken next(1);
  for (std::size_t position = 0;; ++position) {
    std::vector<std::int32_t> tokens;
    std::vector<std::int32_t> parents;
    std::optional<std::size_t> loaded;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (position >= texts[i].size()) continue;
      if (loaded != row[i]) next.load(rows[row[i]]);
      loaded = row[i];
      scores[i].push_back(next.log_probability(texts[i][position]));
      if (position + 1 == texts[i].size()) continue;
      tokens.push_back(texts[i][position]);
      parents.push_back(static_cast<std::int32_t>(std::exchange(row[i], tokens.size() - 1)));
    }
    if (tokens.empty()) return scores;
    rows.compute(tokens, parents, 0);
  }
}

}  // namespace caption
