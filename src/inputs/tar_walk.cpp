#include "inputs/tar_walk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "caption/error.h"
#include "inputs/image_names.h"
#include "inputs/left_out.h"
#include "inputs/raw_pairs.h"

namespace caption {
namespace {

std::filesystem::path without_extension(const Input& picture) {
  return std::filesystem::path(picture.below).replace_extension();
}

}  // namespace

TarWalk::TarWalk(std::string name, const Patterns& patterns, TarContents contents, LeftOut* left_out)
    : name_(std::move(name)),
      patterns_(patterns),
      contents_(contents),
      left_out_(left_out),
      descriptor_(name_ == "-" ? STDIN_FILENO : ::open(name_.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (contents_ == TarContents::names && (name_ == "-" || !name_.ends_with(".tar")))
    throw Error(ErrorKind::usage, "its names alone cannot be told");
  if (descriptor_ >= 0) {
    reader_ = archive_library().open_reader(descriptor_);
  } else {
    ready_.push_back({name_, name_, false, {}});  // reading it says why
  }
}

TarWalk::~TarWalk() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
}

std::optional<Input> TarWalk::next(const std::atomic<bool>& stop) {
  while (ready_.empty() && reader_ && !stop) {
    try {
      contents_ == TarContents::samples ? read_sample(stop) : read(stop);
    } catch (const Error& error) {
      if (!concerns_one_image(error.kind())) throw;
      fail(error);
    }
  }
  if (ready_.empty() || stop) return std::nullopt;
  Input input = std::move(ready_.front());
  ready_.pop_front();
  return input;
}

/// The archive is of no use from here on.
void TarWalk::fail(const Error& error) {
  reader_.reset();
  hand_out_raws();
  Input input{name_, name_, false, {}};
  input.bytes = [kind = error.kind(), why = std::string(error.what())]() -> std::vector<std::byte> {
    throw Error(kind, "the archive cannot be read on: " + why);
  };
  ready_.push_back(std::move(input));
}

void TarWalk::read(const std::atomic<bool>& stop) {
  const std::optional<TarHeader> header = reader_->next(stop);
  if (!header) {
    reader_.reset();
    hand_out_raws();
  } else if (is_picture(header->name)) {
    Input input = picture(header->name);
    if (contents_ == TarContents::pictures) {
      const auto bytes = std::make_shared<std::vector<std::byte>>(reader_->bytes(stop));
      input.bytes = [bytes] { return std::move(*bytes); };
    }
    add(std::move(input));
  }
}

/// Raw files and their pictures stand next to each other if the archive is sorted; others are two pictures.
void TarWalk::add(Input input) {
  const std::string member = input.below.string();
  const auto is_of_last = [&](const Input& raw) { return is_raw_of(raw.below.string(), member); };
  if (is_raw_of(member, last_picture_)) return leave_out(member);
  if (!raws_.empty() && is_of_last(raws_.front())) {
    for (const Input& raw : raws_) leave_out(raw.below.string());
    raws_.clear();
  } else if (!raws_.empty() && without_extension(raws_.front()) != without_extension(input)) {
    hand_out_raws();
  }
  if (is_raw_name(member)) {
    raws_.push_back(std::move(input));
  } else {
    hand_out_raws();
    last_picture_ = member;
    ready_.push_back(std::move(input));
  }
}

void TarWalk::hand_out_raws() {
  for (Input& raw : raws_) ready_.push_back(std::move(raw));
  raws_.clear();
}

void TarWalk::leave_out(const std::string& member) {
  if (left_out_ != nullptr) left_out_->add_of_archive({picture(member).name, WhyLeftOut::paired_raw});
}

void TarWalk::read_sample(const std::atomic<bool>& stop) {
  if (!next_) next_ = reader_->next(stop);
  if (!next_) {
    reader_.reset();
    return;
  }
  const auto sample = std::make_shared<TarSample>();
  sample->key = sample_key(next_->name);
  try {
    while (next_ && sample_key(next_->name) == sample->key && !stop) {
      std::vector<std::byte> bytes = reader_->bytes(stop);
      sample->members.push_back({*std::exchange(next_, std::nullopt), std::move(bytes)});
      next_ = reader_->next(stop);
    }
  } catch (const Error& error) {
    if (!concerns_one_image(error.kind())) throw;
    if (!sample->members.empty()) hand_out(sample);
    return fail(error);
  }
  if (!stop) hand_out(sample);
}

void TarWalk::hand_out(const std::shared_ptr<TarSample>& sample) {
  const std::size_t before = ready_.size();
  std::vector<std::string> pictures;
  for (const TarMember& member : sample->members)
    if (is_picture(member.header.name)) pictures.push_back(member.header.name);
  for (const std::string& raw : take_out_paired_raws(pictures)) leave_out(raw);
  for (const TarMember& member : sample->members) {
    if (std::find(pictures.begin(), pictures.end(), member.header.name) == pictures.end()) continue;
    Input input = picture(member.header.name);
    input.bytes = [sample, &member] { return member.bytes; };
    input.sample = sample;
    input.last_of_sample = false;
    ready_.push_back(std::move(input));
  }
  if (ready_.size() == before) {
    ready_.push_back({sample->key, {}, false, sample->key});
    ready_.back().sample = sample;
  }
  ready_.back().last_of_sample = true;
}

Input TarWalk::picture(const std::string& member) const {
  Input input{name_ == "-" ? member : name_ + "/" + member, {}, false, member};
  input.key = sample_key(member);
  return input;
}

/// As in a folder: not hidden, and not in a folder that is left out.
bool TarWalk::is_picture(const std::string& member) const {
  std::size_t begin = 0;
  for (std::size_t end = member.find('/'); end != std::string::npos; end = member.find('/', begin)) {
    const std::string folder = member.substr(begin, end - begin);
    const bool hidden = folder.starts_with('.') && folder != "." && folder != "..";
    if (hidden || is_system_folder(folder) || !patterns_.enters(member.substr(0, end))) return false;
    begin = end + 1;
  }
  const std::string file = member.substr(begin);
  return !file.starts_with('.') && patterns_.is_picture_name(file) && patterns_.takes_file(member);
}

}  // namespace caption
