#include "decode/logit_rows.h"

#include <string>

#include "caption/error.h"

namespace caption {
namespace {

std::string shape(std::size_t rows, std::size_t vocabulary) {
  return "[" + std::to_string(rows) + ", " + std::to_string(vocabulary) + "]";
}

}  // namespace

void LogitRows::compute(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
                        std::size_t joining) {
  const std::size_t known = logits_.vocabulary;
  logits_ = model_.step(tokens, parents, joining);
  if (logits_.vocabulary == 0 || logits_.values.size() != logits_.rows * logits_.vocabulary) {
    throw Error(ErrorKind::internal, "logits of " + std::to_string(logits_.values.size()) +
                                         " values cannot be " + shape(logits_.rows, logits_.vocabulary));
  }
  const std::size_t rows = tokens.size() + joining;
  if (logits_.rows == rows && (known == 0 || known == logits_.vocabulary)) return;
  throw Error(ErrorKind::internal, "a decoding step returned logits " +
                                       shape(logits_.rows, logits_.vocabulary) + ", expected " +
                                       shape(rows, known == 0 ? logits_.vocabulary : known));
}

std::span<const float> LogitRows::operator[](std::size_t row) const {
  return logits_.values.subspan(row * logits_.vocabulary, logits_.vocabulary);
}

}  // namespace caption
