#include "cli/caption/own_files.h"

#include <utility>

#include "base/log.h"
#include "records/sidecars.h"

namespace caption::cli {

OwnFiles::OwnFiles(const CaptionConfig& config, InputSource source, const std::atomic<bool>& stop)
    : config_(config), source_(std::move(source)) {
  if (config.sidecars.format) sidecars_.emplace(config, source_, stop);
  if (config.metadata.write) undescribed_.emplace(config, source_, stop);
}

bool OwnFiles::empty() const {
  return sidecars_ ? sidecars_->inputs().empty() : undescribed_ && undescribed_->empty();
}

std::string OwnFiles::plan(const std::atomic<bool>& stop) {
  return sidecars_ ? sidecars_->text() : undescribed_->plan(stop);
}

InputSource OwnFiles::source() {
  if (undescribed_) return [this](const std::atomic<bool>& stop) { return undescribed_->next(stop); };
  if (!sidecars_) return source_;
  return [this](const std::atomic<bool>& stop) {
    const std::vector<Input>& inputs = sidecars_->inputs();
    return stop || next_sidecar_ == inputs.size() ? std::nullopt : std::optional(inputs[next_sidecar_++]);
  };
}

std::optional<std::size_t> OwnFiles::count() const {
  return sidecars_ ? std::optional(sidecars_->inputs().size()) : std::nullopt;
}

void OwnFiles::say_left_out() const {
  const std::size_t count = sidecars_ ? sidecars_->left_out() : undescribed_ ? undescribed_->left_out() : 0;
  if (count == 0) return;
  const std::string what = sidecars_ ? "a sidecar" : "a description";
  log::info(std::to_string(count) +
            (count == 1 ? " picture is left out: it has " : " pictures are left out: they have ") + what);
}

std::unique_ptr<RecordWriter> OwnFiles::writer(const std::string& model) {
  if (undescribed_) {
    auto writer = std::make_unique<Descriptions>(config_.metadata.place, config_.metadata.keep_times);
    descriptions_ = writer.get();
    return writer;
  }
  if (!sidecars_) return nullptr;
  const SidecarOptions& options = config_.sidecars;
  return make_sidecars({*options.format, options.existing == Existing::append, options.prefix, options.suffix,
                        model, config_.batch.decode.n_best > 1},
                       sidecars_->files());
}

}  // namespace caption::cli
