#include "measure/benchmark.h"

#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>

#include "caption/error.h"
#include "decode/search.h"
#include "image/open_modules.h"
#include "kernels/kernels.h"
#include "kernels/machine_peaks.h"
#include "kernels/parallel.h"
#include "measure/stage_clock.h"
#include "model/bundle.h"
#include "pipeline/cpu_engine.h"
#include "pipeline/device.h"
#include "pipeline/way.h"

namespace caption {
namespace {

using Tokens = std::vector<std::int32_t>;

/// The language model with its time taken.
class TimedModel : public StepFunction {
 public:
  TimedModel(StageClock& clock, LanguageModel<Tensor>& model) : clock_(clock), model_(model) {}

  Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
              std::size_t joining) override {
    const StageClock::Turn turn(clock_, joining > 0 ? Stage::prefill : Stage::step);
    return model_.step(tokens, parents, joining);
  }

 private:
  StageClock& clock_;
  LanguageModel<Tensor>& model_;
};

/// All images once through all stages, batch by batch.
class Rounds {
 public:
  Rounds(const Bundle<Tensor>& bundle, const BenchmarkRequest& request)
      : bundle_(bundle),
        format_(pixel_format(bundle.manifest.image)),
        request_(request),
        batch_(static_cast<std::size_t>(request.options.batch)) {
    decode_.beam = request.options.decode.beam;
    decode_.max_tokens = request.options.tokens;
  }

  /// In one round, those that are taken again to fill the last batch included.
  std::size_t images() const { return (request_.images.size() + batch_ - 1) / batch_ * batch_; }

  Round run() {
    StageClock clock;
    for (std::size_t first = 0; first < images(); first += batch_) run_batch(clock, first);
    return clock.round();
  }

  /// The captions of the images, by what the rounds so far found. Throws Error(internal) if they disagreed.
  const std::vector<Tokens>& tokens() const { return tokens_; }

 private:
  const BenchmarkImage& image(std::size_t index) const {
    return request_.images[index % request_.images.size()];
  }

  void run_batch(StageClock& clock, std::size_t first) {
    std::vector<Picture> pictures;
    for (std::size_t i = first; i < first + batch_; ++i)
      pictures.push_back(ready_picture(prepare(clock, image(i))));
    std::vector<std::vector<Hypothesis>> found = search_captions(clock, prefix_of(clock, pictures));
    const StageClock::Turn turn(clock, Stage::write);
    for (std::size_t i = 0; i < batch_; ++i) {
      const Caption caption =
          describe({*bundle_.tokenizer, StopRule(std::nullopt), {}, bundle_.manifest.unsure_below},
                   std::move(found.at(i).at(0)));
      request_.write(image(first + i).name, caption);
      keep(first + i, caption.tokens);
    }
  }

  Pixels prepare(StageClock& clock, const BenchmarkImage& image) const {
    try {
      StageClock::Turn turn(clock, Stage::decode);
      const RgbImage rgb = decode(image.file, request_.options.image);
      const StageClock::Turn resize(clock, Stage::resize);
      return to_pixels(rgb, format_);
    } catch (const Error& error) {
      throw Error(error.kind(), image.name + ": " + error.what(), error.path());
    }
  }

  /// B images -> prefix [B, P, E]
  Tensor prefix_of(StageClock& clock, const std::vector<Picture>& pictures) const {
    const Tensor embedding = [&] {
      const StageClock::Turn turn(clock, Stage::encode);
      return embedding_of(bundle_, stack_pixels(pictures, format_.resolution));  // [B, D]
    }();
    const StageClock::Turn turn(clock, Stage::map);
    return bundle_.mapper->map(embedding);
  }

  std::vector<std::vector<Hypothesis>> search_captions(StageClock& clock, const Tensor& prefix) const {
    const StageClock::Turn turn(clock, Stage::search);
    LanguageModel<Tensor> model(*bundle_.gpt2, [](const Tensor& logits) { return logits; });
    model.add(prefix);
    TimedModel timed(clock, model);
    return search(timed, batch_, {std::nullopt}, decode_);
  }

  void keep(std::size_t index, const Tokens& tokens) {
    if (index < request_.images.size() && tokens_.size() <= index) tokens_.push_back(tokens);
    const std::size_t known = index % request_.images.size();
    if (tokens_.at(known) == tokens) return;
    throw Error(ErrorKind::internal, image(index).name + ": its caption differs from round to round");
  }

  const Bundle<Tensor>& bundle_;
  PixelFormat format_;
  const BenchmarkRequest& request_;
  std::size_t batch_;
  DecodeOptions decode_;
  std::vector<Tokens> tokens_;
};

void check(const BenchmarkRequest& request, const Bundle<Tensor>& bundle) {
  const std::int64_t most = most_tokens(bundle);
  const int tokens = request.options.tokens;
  if (tokens >= 1 && tokens <= most) return;
  throw Error(ErrorKind::usage, std::to_string(tokens) + " tokens: the model '" + bundle.manifest.name +
                                    "' takes 1 to " + std::to_string(most) +
                                    " (its positions less the prefix)");
}

/// A field of /proc/self/status that is in kB, in bytes.
std::int64_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(field + ":")) continue;
    std::int64_t kilobytes = -1;
    std::istringstream(line.substr(field.size() + 1)) >> kilobytes;
    if (kilobytes >= 0) return kilobytes * 1024;
  }
  throw Error(ErrorKind::internal, "/proc/self/status has no field " + field);
}

}  // namespace

BenchmarkReport run_benchmark(const BenchmarkRequest& request) {
  if (request.images.empty()) throw Error(ErrorKind::internal, "a benchmark without images");
  const auto start = std::chrono::steady_clock::now();
  set_threads(request.model.threads);
  const CpuCompute compute = cpu_compute(request.model.precision);
  const Bundle<Tensor> bundle = load_cpu_bundle(request.folder, compute);
  BenchmarkReport report;
  report.load_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  report.model = bundle.manifest.name;
  report.precision = resolve_precision(request.model.precision, /*gpu=*/false);
  report.threads = threads();
  report.kernels = kernels::active().name;
  check(request, bundle);

  Rounds rounds(bundle, request);
  rounds.run();  // a first time, which fills caches and wakes threads
  std::vector<Round> measured;
  for (int i = 0; i < request.options.repeat; ++i) measured.push_back(rounds.run());
  report.tokens = rounds.tokens();
  // Before the peaks, whose measurement takes memory of its own.
  report.peak_bytes = status_bytes("VmHWM");
  report.anonymous_bytes = status_bytes("RssAnon");
  std::optional<MachinePeaks> peaks;
  if (request.options.peaks) peaks = measure_peaks();
  summarise(measured, rounds.images(), peaks, report);
  return report;
}

}  // namespace caption
