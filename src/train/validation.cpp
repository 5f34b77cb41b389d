#include "train/validation.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "decode/searches.h"
#include "eval/metrics.h"
#include "gpt2/gpt2.h"
#include "layers/cpu.h"
#include "mapper/mapper.h"
#include "pipeline/way.h"

namespace caption {
namespace {

constexpr std::size_t kBleu4 = 3;  // of eval::Metrics

}  // namespace

ValidationResult validate_captions(const CaptionSet& set, const NamedTensors& weights,
                                   const Tokenizer& tokenizer, const ValidationOptions& options,
                                   const std::function<bool()>& interrupted) {
  const CpuCompute compute;
  Gpt2Choices choices = options.gpt2;
  choices.tokens = tokenizer.size();
  const Gpt2<Tensor> gpt2(part_of(weights, kGpt2Prefix), compute, choices);
  const auto mapper =
      make_mapper<Tensor>(part_of(weights, kMapperPrefix), gpt2.sizes().width, compute, options.mapper_heads);
  const StopRule stop = make_stop_rule({options.stop_token}, options.decode.stop,
                                       [&](std::int32_t token) { return tokenizer.piece(token).bytes; });
  LanguageModel<Tensor> model(gpt2, [](const Tensor& logits) { return logits; });
  Searches searches(model, stop, options.decode);
  std::vector<eval::Captions> pairs(set.size());
  std::size_t next = 0;
  while (next < set.size() || searches.running() > 0) {
    if (interrupted()) return {};
    const std::size_t joining = std::min(options.together - searches.running(), set.size() - next);
    if (joining > 0) {
      const Tensor embeddings =
          set.embeddings.narrow(0, static_cast<std::int64_t>(next), static_cast<std::int64_t>(joining));
      model.add(mapper->map(embeddings.contiguous()));
      next += joining;
    }
    for (Found& found : searches.advance(joining))
      pairs[found.image].candidate =
          describe({tokenizer, stop, {}, std::nullopt}, std::move(found.hypotheses.at(0))).text;
  }
  ValidationResult result;
  for (std::size_t i = 0; i < set.size(); ++i) {
    pairs[i].references = set.captions[i];
    result.captions.push_back(pairs[i].candidate);
  }
  const eval::Metrics metrics = eval::metrics(eval::sum(eval::measure(pairs, {})));
  result.cider_d = metrics[eval::kCiderD];
  result.bleu_4 = metrics[kBleu4];
  return result;
}

}  // namespace caption
