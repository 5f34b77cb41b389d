#include "records/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <span>

#include "base/utf8.h"
#include "caption/error.h"
#include "files/write_all.h"
#include "records/exact_json.h"

namespace caption {
namespace {

Json facts_json(const Journal::Facts& facts) {
  Json json = Json::object();
  for (const auto& [name, value] : facts) json[name] = value;
  return {{"facts", json}};
}

bool all_within(const Journal::Ends& ends, const Journal::Ends& sizes) {
  for (std::size_t i = 0; i < ends.size(); ++i)
    if (ends[i] > sizes[i]) return false;
  return true;
}

/// `descriptor` becomes this process's own. Throws Error(output), closing it, if another one has it.
void lock(int descriptor, const std::filesystem::path& file) {
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return;
  const int reason = errno;
  close(descriptor);
  const std::string name = "'" + file.string() + "'";
  throw Error(ErrorKind::output,
              reason == EWOULDBLOCK
                  ? "another run is writing here, it has " + name + ": wait for it, or end it"
                  : "cannot lock " + name + ": " + std::strerror(reason),
              file);
}

}  // namespace

Journal::Journal(std::filesystem::path file, const Ends& sizes)
    : file_(std::move(file)), descriptor_(open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) fail(errno);
  lock(descriptor_, file_);
  try {
    read(sizes, std::numeric_limits<std::size_t>::max());
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

void Journal::discard(const std::filesystem::path& file) {
  const int descriptor = open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return;
  lock(descriptor, file);
  unlink(file.c_str());
  close(descriptor);
}

Journal::~Journal() {
  close(descriptor_);
}

void Journal::read(const Ends& sizes, std::size_t most) {
  JsonLines lines(file_);
  std::uint64_t whole = 0;
  while (const std::optional<Json> json = lines.next()) {
    if (const auto facts = json->find("facts"); facts != json->end() && facts->is_object()) {
      facts_.clear();
      for (const auto& [name, value] : facts->items())
        facts_.emplace_back(name, value.is_string() ? value.get<std::string>() : "");
    } else {
      const auto found = json->find("ends");
      if (facts_.empty() || found == json->end() || !found->is_array())
        lines.refuse("it is no line of a journal");
      Ends ends;
      for (const Json& end : *found) ends.push_back(end.is_number_unsigned() ? end.get<std::uint64_t>() : 0);
      if (ends.size() != sizes.size())
        lines.refuse("that run wrote other files: give the same options, or begin anew without this file");
      if (!all_within(ends, sizes) || (json->contains("image") && done() == most)) break;
      ends_ = std::move(ends);
      if (!json->contains("image")) {
        start_ = ends_;
      } else {
        ++(json->contains("failed") ? summary_.failed : summary_.captioned);
        ++unread_;
      }
    }
    whole = lines.whole();
  }
  if (ftruncate(descriptor_, static_cast<off_t>(whole)) != 0 || lseek(descriptor_, 0, SEEK_END) < 0)
    fail(errno);
  if (begun()) done_ = std::make_unique<JsonLines>(file_);
}

std::optional<Journal::Entry> Journal::next_done() {
  if (unread_ == 0) return std::nullopt;
  while (const std::optional<Json> json = done_->next()) {
    const auto image = json->find("image");
    if (image == json->end()) continue;
    if (!image->is_string()) done_->refuse("\"image\" is no text");
    --unread_;
    return Entry{bytes_of(image->get<std::string>()), json->contains("failed"), state_in(*json),
                 json->at("ends").get<Ends>()};
  }
  throw Error(ErrorKind::internal, "'" + file_.string() + "' has become shorter");
}

void Journal::keep(std::size_t count) {
  const Ends ends = ends_;
  facts_.clear();
  ends_.clear();
  summary_ = {};
  unread_ = 0;
  read(ends, count);
}

void Journal::begin(const Facts& facts) {
  if (ftruncate(descriptor_, 0) != 0 || lseek(descriptor_, 0, SEEK_SET) < 0) fail(errno);
  ends_.clear();
  summary_ = {};
  unread_ = 0;
  change(facts);
}

void Journal::change(const Facts& facts) {
  facts_ = facts;
  write(facts_json(facts));
}

void Journal::start(const Ends& ends) {
  start_ = ends;
  ends_ = ends;
  write({{"ends", ends}});
}

void Journal::add(const Entry& entry) {
  Json json = {{"image", characters_of(entry.image)}};
  if (entry.failed) json["failed"] = true;
  add_state(entry.state, json);
  json["ends"] = entry.ends;
  write(json);
  ++(entry.failed ? summary_.failed : summary_.captioned);
}

void Journal::write(const Json& json) {
  const std::string line = json_line(json);
  if (const int reason = write_all(descriptor_, std::as_bytes(std::span(line))); reason != 0) fail(reason);
}

void Journal::fail(int reason) const {
  throw Error(ErrorKind::output, "cannot write to '" + file_.string() + "': " + std::strerror(reason), file_);
}

}  // namespace caption
