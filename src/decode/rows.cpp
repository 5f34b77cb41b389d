#include "decode/rows.h"

#include <string>

#include "caption/error.h"

namespace caption {

std::size_t Rows::start(const StopRule& stop) {
  logits_ = model_.start();
  check();
  if (logits_.rows > 0 && stop.token &&
      (*stop.token < 0 || static_cast<std::size_t>(*stop.token) >= logits_.vocabulary)) {
    throw Error(ErrorKind::model, "the stop token " + std::to_string(*stop.token) +
                                      " is not in the vocabulary of " + std::to_string(logits_.vocabulary) +
                                      " tokens");
  }
  return logits_.rows;
}

void Rows::step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents) {
  const std::size_t vocabulary = logits_.vocabulary;
  logits_ = model_.step(tokens, parents);
  check();
  if (logits_.rows != tokens.size() || logits_.vocabulary != vocabulary) {
    throw Error(ErrorKind::internal, "a decoding step returned logits [" + std::to_string(logits_.rows) +
                                         ", " + std::to_string(logits_.vocabulary) + "], expected [" +
                                         std::to_string(tokens.size()) + ", " + std::to_string(vocabulary) +
                                         "]");
  }
}

std::span<const float> Rows::operator[](std::size_t row) const {
  return logits_.values.subspan(row * logits_.vocabulary, logits_.vocabulary);
}

void Rows::check() const {
  if (logits_.values.size() == logits_.rows * logits_.vocabulary &&
      (logits_.rows == 0 || logits_.vocabulary > 0))
    return;
  throw Error(ErrorKind::internal, "logits of " + std::to_string(logits_.values.size()) +
                                       " values cannot be [" + std::to_string(logits_.rows) + ", " +
                                       std::to_string(logits_.vocabulary) + "]");
}

}  // namespace caption
