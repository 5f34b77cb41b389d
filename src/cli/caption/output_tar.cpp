#include "cli/caption/output_tar.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <span>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "files/file_state.h"
#include "inputs/read_input.h"
#include "records/json.h"

namespace caption::cli {
namespace {

namespace fs = std::filesystem;

/// Of samples that wait for pictures before them.
constexpr std::size_t kMostPassing = std::size_t{64} << 20;
constexpr int kStopCheckMs = 50;

/// "a/0001.txt" of "a/0001.jpg"
std::string with_extension(const std::string& member, const std::string& extension) {
  const std::size_t dot = member.rfind('.');
  return member.substr(0, dot) + "." + extension;
}

const TarMember* find(const TarSample& sample, const std::string& name) {
  const auto found = std::find_if(sample.members.begin(), sample.members.end(),
                                  [&](const TarMember& member) { return member.header.name == name; });
  return found == sample.members.end() ? nullptr : &*found;
}

std::size_t bytes_of(const TarSample& sample) {
  std::size_t bytes = 0;
  for (const TarMember& member : sample.members) bytes += member.bytes.size();
  return bytes;
}

std::string_view text_of(const TarMember& member) {
  return {reinterpret_cast<const char*>(member.bytes.data()), member.bytes.size()};
}

bool is_picture(const Input& input) {
  return !input.key.empty();
}

}  // namespace

OutputTar::OutputTar(const CaptionConfig& config, InputSource source)
    : config_(config), source_(std::move(source)) {
  const fs::path& file = *config.output_tar;
  if (file == "-") {
    stream_ = std::make_unique<Output>();
  } else if (fs::exists(file) && !fs::is_regular_file(file)) {  // a pipe or a device, which stays what it is
    stream_ = std::make_unique<Output>(file);
  } else {
    file_ = std::make_unique<ReplacingFile>(fs::absolute(file), 1);
  }
  writer_ = archive_library().open_writer([this](std::span<const std::byte> bytes) {
    if (file_) return file_->write(bytes);
    stream_->write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  });
}

std::optional<Input> OutputTar::next(const std::atomic<bool>& stop) {
  while (std::optional<Input> input = source_(stop)) {
    const bool captioned = (!input->sample || is_picture(*input)) && !is_left_out(*input);
    Pending pending{*input, captioned};
    pending.input.bytes = nullptr;
    enqueue(std::move(pending), stop);
    if (captioned) return input;
    if (is_picture(*input)) ++left_out_;
  }
  return std::nullopt;
}

bool OutputTar::is_left_out(const Input& input) const {
  return input.sample && config_.sidecars.existing == Existing::skip &&
         find(*input.sample, with_extension(input.below.string(), "txt")) != nullptr;
}

void OutputTar::enqueue(Pending pending, const std::atomic<bool>& stop) {
  std::unique_lock lock(mutex_);
  if (!pending.captioned) {
    if (pending_.empty()) return pass(pending);
    while (!stop && passing_bytes_ > kMostPassing)
      changed_.wait_for(lock, std::chrono::milliseconds(kStopCheckMs));
    passing_bytes_ += bytes_of(*pending.input.sample);
  }
  pending_.push_back(std::move(pending));
}

void OutputTar::write(const Record& record, const std::string& model) {
  const std::scoped_lock lock(mutex_);
  const Pending captioned = std::move(pending_.front());
  pending_.pop_front();
  // An archive that cannot be read on is no sample.
  if (!captioned.input.below.empty()) {
    add_texts(captioned.input, record, model);
    pass(captioned);
  }
  while (!pending_.empty() && !pending_.front().captioned) {
    passing_bytes_ -= bytes_of(*pending_.front().input.sample);
    pass(pending_.front());
    pending_.pop_front();
  }
  changed_.notify_all();
}

void OutputTar::finish() {
  writer_->finish();
  if (file_) file_->keep();
}

/// Writes what is complete with it.
void OutputTar::pass(const Pending& pending) {
  if (!pending.input.sample) {
    write_picture(pending.input);
  } else if (pending.input.last_of_sample) {
    write_sample(pending.input);
  }
}

void OutputTar::add_texts(const Input& input, const Record& record, const std::string& model) {
  std::string member = input.sample ? input.below.string() : "x.x";
  // Beside another picture whose name differs in the extension alone.
  if (texts_.contains(with_extension(member, "json"))) member += ".x";
  const std::string json = with_extension(member, "json");
  texts_[json] = json_of(input, json, record, model);
  if (record.error) return;
  const std::string name = with_extension(member, "txt");
  std::string text =
      config_.sidecars.prefix + single_line(record.captions.at(0).text) + config_.sidecars.suffix;
  const TarMember* const before = input.sample ? find(*input.sample, name) : nullptr;
  if (before != nullptr && config_.sidecars.existing == Existing::append) {
    std::string lines(text_of(*before));
    if (!lines.empty() && !lines.ends_with('\n')) lines += '\n';
    text.insert(0, lines);
  }
  texts_[name] = text;
}

/// The record; an object that is there already keeps what the record does not have.
std::string OutputTar::json_of(const Input& input, const std::string& name, const Record& record,
                               const std::string& model) const {
  Json json = record_json(record, model, config_.batch.decode.n_best > 1);
  if (const TarMember* const before = input.sample ? find(*input.sample, name) : nullptr) {
    Json merged = Json::parse(text_of(*before), nullptr, /*allow_exceptions=*/false);
    if (merged.is_object()) {
      merged.update(json);
      json = std::move(merged);
    }
  }
  std::string line = json_line(json);
  line.pop_back();
  return line;
}

void OutputTar::write_sample(const Input& last) {
  std::map<std::string, std::string> texts = std::exchange(texts_, {});
  const TarSample& sample = *last.sample;
  for (const TarMember& member : sample.members) {
    const auto text = texts.find(member.header.name);
    put(member.header,
        text == texts.end() ? std::span(member.bytes) : std::as_bytes(std::span(text->second)));
    if (text != texts.end()) texts.erase(text);
  }
  for (const auto& [name, text] : texts)
    put({name, 0, sample.members.front().header.modified}, std::as_bytes(std::span(text)));
}

/// A file's sample: its picture, unless that cannot be read, and its texts.
void OutputTar::write_picture(const Input& input) {
  const std::map<std::string, std::string> texts = std::exchange(texts_, {});
  const std::string key = new_key(input);
  const std::optional<FileState> state = state_of(input.file);
  const std::int64_t modified = state ? state->changed_ns / 1'000'000'000 : 0;
  const bool captioned = texts.contains("x.txt");
  try {
    static const std::atomic<bool> never{false};
    std::string extension = input.file.extension().string();
    if (extension.empty()) extension = ".bin";
    put({key + extension, 0, modified}, read_input(input, never));
  } catch (const Error& error) {
    if (!concerns_one_image(error.kind())) throw;
    if (captioned) {
      ++failed_;
      log::error(printable("'" + input.name + "' cannot be put into the archive: " + error.what()));
      return;
    }
  }
  for (const auto& [name, text] : texts)
    put({key + name.substr(1), 0, modified}, std::as_bytes(std::span(text)));
}

/// Where the picture is below its folder, without its extension. WebDataset's keys end at the first dot, and
/// no two may be the same.
std::string OutputTar::new_key(const Input& input) {
  std::string key = fs::path(input.below).replace_extension().string();
  const std::size_t slash = key.rfind('/');
  std::replace(key.begin() + static_cast<std::ptrdiff_t>(slash == std::string::npos ? 0 : slash), key.end(),
               '.', '_');
  std::string unique = key;
  for (int i = 2; !keys_.insert(std::hash<std::string>()(unique)).second; ++i)
    unique = key + "-" + std::to_string(i);
  return unique;
}

void OutputTar::put(const TarHeader& header, std::span<const std::byte> bytes) {
  writer_->add(header, bytes);
}

}  // namespace caption::cli
