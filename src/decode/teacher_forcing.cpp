#include "decode/teacher_forcing.h"

#include <numeric>
#include <string>
#include <vector>

#include "caption/error.h"
#include "decode/logit_rows.h"

namespace caption {

void teacher_force(StepFunction& model, std::size_t images, std::span<const std::int32_t> tokens,
                   double temperature, const DistributionVisitor& visit) {
  if (tokens.empty()) return;
  LogitRows rows(model);
  rows.compute({}, {}, images);
  for (const std::int32_t token : tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= rows.vocabulary()) {
      throw Error(ErrorKind::usage, "the text has token " + std::to_string(token) +
                                        ", but the model's vocabulary ends at " +
                                        std::to_string(rows.vocabulary()));
    }
  }
  std::vector<std::int32_t> same(images);  // every row goes on as itself
  std::iota(same.begin(), same.end(), 0);
  NextToken next(temperature);
  for (std::size_t position = 0; position < tokens.size(); ++position) {
    if (position > 0) rows.compute(std::vector<std::int32_t>(images, tokens[position - 1]), same, 0);
    for (std::size_t row = 0; row < images; ++row) {
      next.load(rows[row]);
      visit(row, position, next);
    }
  }
}

}  // namespace caption
