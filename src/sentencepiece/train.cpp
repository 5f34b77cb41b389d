#include "sentencepiece/train.h"

#include <sentencepiece_trainer.h>

#include <cstddef>

#include "caption/error.h"

namespace caption {
namespace {

class Texts : public sentencepiece::SentenceIterator {
 public:
  explicit Texts(const std::vector<std::string>& texts) : texts_(texts) {}

  bool done() const override { return next_ == texts_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return texts_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& texts_;
  std::size_t next_ = 0;
};

}  // namespace

std::string train_tokenizer(const std::vector<std::string>& texts, std::int32_t size) {
  Texts iterator(texts);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train({{"model_type", "unigram"},
                                                                  {"vocab_size", std::to_string(size)},
                                                                  {"unk_id", "0"},
                                                                  {"bos_id", "-1"},
                                                                  {"eos_id", "-1"},
                                                                  {"pad_id", "-1"},
                                                                  {"user_defined_symbols", "."},
                                                                  {"num_threads", "1"},
                                                                  {"minloglevel", "2"}},
                                                                 &iterator, &model);
  if (status.ok()) return model;
  // What stands behind the place in its source: "Vocabulary size too high (40). Please set it to a value
  // <= 31."
  const std::string reason = status.ToString();
  const std::size_t place = reason.rfind("] ");
  throw Error(ErrorKind::usage,
              "no vocabulary of " + std::to_string(size) +
                  " tokens can be learnt from these captions: ask for fewer, or give more captions (" +
                  (place == std::string::npos ? reason : reason.substr(place + 2)) + ")");
}

}  // namespace caption
