#include "cli/caption/own_files.h"

#include <utility>

#include "base/log.h"
#include "records/sidecars.h"

namespace caption::cli {
namespace {

/// Gives the records to an archive.
class TarRecords : public RecordWriter {
 public:
  TarRecords(OutputTar& output, std::string model) : output_(output), model_(std::move(model)) {}

  void write(const Record& record) override { output_.write(record, model_); }
  void finish(const BatchSummary& /*summary*/) override { output_.finish(); }

 private:
  OutputTar& output_;
  std::string model_;
};

}  // namespace

OwnFiles::OwnFiles(const CaptionConfig& config, InputSource source, const std::atomic<bool>& stop)
    : config_(config), source_(std::move(source)) {
  if (config.sidecars.format && config.inputs.watch) {
    stream_.emplace(config.sidecars, source_);
  } else if (config.sidecars.format) {
    sidecars_.emplace(config, source_, stop);
  }
  if (config.metadata.write) undescribed_.emplace(config, source_, stop);
  if (config.output_tar) output_tar_.emplace(config, source_);
}

bool OwnFiles::empty() const {
  if (config_.inputs.watch) return false;
  return sidecars_ ? sidecars_->count() == 0 : undescribed_ && undescribed_->empty();
}

void OwnFiles::print_plan(const std::function<void(const std::string&)>& line,
                          const std::atomic<bool>& stop) {
  if (sidecars_) return sidecars_->print(line);
  undescribed_->print_plan(line, stop);
}

InputSource OwnFiles::source() {
  if (undescribed_) return [this](const std::atomic<bool>& stop) { return undescribed_->next(stop); };
  if (output_tar_) return [this](const std::atomic<bool>& stop) { return output_tar_->next(stop); };
  if (!sidecars_ && !stream_) return source_;
  return [this](const std::atomic<bool>& stop) { return next_with_sidecar(stop); };
}

std::optional<Input> OwnFiles::next_with_sidecar(const std::atomic<bool>& stop) {
  if (stop) return std::nullopt;
  std::optional<PlannedSidecar> next = stream_ ? stream_->next(stop) : sidecars_->next();
  if (!next) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  sidecars_to_write_.push_back(std::move(next->file));
  return std::move(next->input);
}

std::filesystem::path OwnFiles::next_sidecar() {
  const std::scoped_lock lock(mutex_);
  std::filesystem::path file = std::move(sidecars_to_write_.front());
  sidecars_to_write_.pop_front();
  return file;
}

std::optional<std::size_t> OwnFiles::count() const {
  return sidecars_ ? std::optional(sidecars_->count()) : std::nullopt;
}

void OwnFiles::say_left_out() const {
  std::size_t count = 0;
  std::string what;
  if (stream_ || sidecars_) {
    count = stream_ ? stream_->left_out() : sidecars_->left_out();
    what = "a sidecar";
  } else if (undescribed_ && !config_.inputs.watch) {  // which sees the files that it has written
    count = undescribed_->left_out();
    what = "a description";
  } else if (output_tar_) {
    count = output_tar_->left_out();
    what = "a text";
  }
  if (count == 0) return;
  log::info(std::to_string(count) +
            (count == 1 ? " picture is left out: it has " : " pictures are left out: they have ") + what);
}

std::size_t OwnFiles::failed() const {
  if (output_tar_) return output_tar_->failed();
  if (stream_) return stream_->refused();
  return descriptions_ != nullptr ? descriptions_->failed() : 0;
}

std::unique_ptr<RecordWriter> OwnFiles::writer(const std::string& model) {
  if (undescribed_) {
    auto writer = std::make_unique<Descriptions>(config_.metadata.place, config_.metadata.keep_times);
    descriptions_ = writer.get();
    return writer;
  }
  if (output_tar_) return std::make_unique<TarRecords>(*output_tar_, model);
  if (!sidecars_ && !stream_) return nullptr;
  const SidecarOptions& options = config_.sidecars;
  return make_sidecars({*options.format, options.existing == Existing::append, options.prefix, options.suffix,
                        model, config_.batch.decode.n_best > 1},
                       [this] { return next_sidecar(); });
}

}  // namespace caption::cli
