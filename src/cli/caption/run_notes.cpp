#include "cli/caption/run_notes.h"

#include <array>
#include <cstdio>
#include <string>

#include "base/counted.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/model_flags.h"

namespace caption::cli {
namespace {

using Seconds = std::chrono::duration<double>;

std::string seconds(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return text.data();
}

}  // namespace

void RunNotes::left_out(const LeftOutName& name) const {
  if (wanted_) log::info("left out: '" + printable(name.name) + "' " + name.message());
}

void RunNotes::loads(const CaptionConfig& config, const std::filesystem::path& folder) {
  since_ = Clock::now();
  if (!wanted_) return;
  const ModelOptions& model = config.model_options;
  log::info("model '" + printable(folder.string()) + "', device " + model.device + ", " +
            precision_name(model.precision) + ", " +
            (model.threads == 0 ? "a thread for each core"
                                : counted(static_cast<std::size_t>(model.threads), "thread", "threads")) +
            ", " + counted(static_cast<std::size_t>(config.batch.readers), "reader", "readers") +
            " of pictures, up to " +
            counted(static_cast<std::size_t>(config.batch.sizes.decode_batch), "picture", "pictures") +
            " at a time");
}

void RunNotes::begins() {
  const double loading = Seconds(Clock::now() - since_).count();
  since_ = Clock::now();
  if (wanted_) log::info("the model was loaded in " + seconds(loading) + " s");
}

void RunNotes::ends(const BatchSummary& summary) const {
  if (!wanted_) return;
  const double running = Seconds(Clock::now() - since_).count();
  const std::size_t pictures = summary.captioned + summary.failed;
  log::info(counted(summary.captioned, "picture", "pictures") + " captioned, " +
            std::to_string(summary.failed) + " failed in " + seconds(running) +
            " s: " + seconds(static_cast<double>(pictures) / running) + " a second");
}

}  // namespace caption::cli
