#include "inputs/folder_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "inputs/left_out.h"
#include "inputs/list_folder.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

constexpr int kStopCheckMs = 100;
constexpr int kLongestStepMs = 20;  ///< of the clock that gives files their times
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR;

[[noreturn]] void fail(const std::string& what, int reason) {
  throw Error(ErrorKind::usage, "cannot watch " + what + ": " +
                                    (reason == ENOSPC || reason == EMFILE
                                         ? "the system watches as much as it may: raise "
                                           "fs.inotify.max_user_watches and max_user_instances with sysctl"
                                         : std::strerror(reason)));
}

/// Whether who made a file opens it for writing, while we hold a lease on it: the system has its name in the
/// folder a moment before.
bool is_opened_soon(int leased) {
  struct stat status {};
  if (::fstat(leased, &status) != 0 || status.st_size > 0) return false;
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (::fcntl(leased, F_GETLEASE) != F_RDLCK) return true;
  }
  return false;
}

/// One that has come by a link is complete, though nobody closes it.
bool is_link(const fs::path& file) {
  struct stat status {};
  return ::lstat(file.c_str(), &status) == 0 && (S_ISLNK(status.st_mode) || status.st_nlink > 1);
}

/// What is known of a file.
struct Look {
  enum { gone, written, complete } what = gone;
  struct stat status {};  ///< of one that is complete
};

/// Somebody writes it if it is open for that, as far as the system says so: only of files of our own.
Look look_at(const fs::path& file) {
  Look look;
  if (::stat(file.c_str(), &look.status) != 0 || !S_ISREG(look.status.st_mode)) return look;
  look.what = Look::complete;
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return look;  // whoever reads it has a record that says why not
  // Who opens it just now makes the system signal us, by default with one that kills.
  ::fcntl(descriptor, F_SETSIG, SIGURG);
  const bool leased = ::fcntl(descriptor, F_SETLEASE, F_RDLCK) == 0;
  const bool busy = leased ? is_opened_soon(descriptor) : errno == EAGAIN;
  ::fstat(descriptor, &look.status);  // who opens it for writing waits until it is closed here
  ::close(descriptor);                // which gives the lease back
  if (busy && !is_link(file)) look.what = Look::written;
  return look;
}

/// Whether a change that comes now could leave the time of the last one: times of files go on in steps of
/// some milliseconds.
bool is_just_changed(const struct stat& status) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  const timespec& then = status.st_mtim;
  if (then.tv_sec > now.tv_sec + 1) return false;  // a clock's error, or set by somebody
  return then.tv_sec > now.tv_sec || (then.tv_sec == now.tv_sec && then.tv_nsec >= now.tv_nsec);
}

/// As look_at; of one that is complete, every later change shows in its status.
Look look_once_settled(const fs::path& file) {
  Look look = look_at(file);
  for (int i = 0; look.what == Look::complete && is_just_changed(look.status) && i < kLongestStepMs; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    look = look_at(file);
  }
  return look;
}

std::size_t hash_of(const struct stat& status) {
  return std::hash<std::string>()(
      std::to_string(status.st_size) + ' ' + std::to_string(status.st_mtim.tv_sec) + ' ' +
      std::to_string(status.st_mtim.tv_nsec) + ' ' + std::to_string(status.st_ino));
}

fs::path below(const fs::path& root, const fs::path& file) {
  return file.lexically_relative(root);
}

}  // namespace

FolderWatch::FolderWatch(bool recursive, const Patterns& patterns)
    : recursive_(recursive), patterns_(patterns), descriptor_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (descriptor_ < 0) fail("folders", errno);
}

FolderWatch::~FolderWatch() {
  ::close(descriptor_);
}

void FolderWatch::add(const fs::path& folder) {
  watch({folder, folder});
}

void FolderWatch::watch(const Place& place) {
  const int number = ::inotify_add_watch(descriptor_, place.folder.c_str(), kEvents);
  if (number < 0) {
    // One below, which has gone again or cannot be entered.
    if (place.folder != place.root && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) return;
    fail("'" + place.folder.string() + "'", errno);
  }
  places_[number] = place;
  if (!recursive_) return;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(place.folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored) && looks_into(place, name))
      watch({place.folder / name, place.root});
  }
}

void FolderWatch::enter(const Place& place) {
  watch(place);
  to_list_.push_back(place);
}

void FolderWatch::list(const Place& place) {
  std::vector<std::string> files;
  std::vector<std::string> folders;
  // One that has gone meanwhile has nothing.
  list_folder(place.folder.string(), [&](std::string name, EntryType type) {
    if (type == EntryType::folder && recursive_ && looks_into(place, name)) {
      folders.push_back(std::move(name));
    } else if (type == EntryType::file && is_wanted(place, name)) {
      files.push_back(std::move(name));
    }
  });
  std::sort(files.begin(), files.end());
  for (const std::string& name : files) {
    const fs::path file = place.folder / name;
    arrived_.push_back({file, below(place.root, file)});
  }
  std::sort(folders.begin(), folders.end(), std::greater<>());
  for (const std::string& name : folders) to_list_.push_front({place.folder / name, place.root});
}

bool FolderWatch::take(const Arrival& arrival) {
  const Look look = look_once_settled(arrival.file);
  // The system says that a file is closed a moment before it is: one that is written is asked again.
  if (look.what == Look::written) written_.insert_or_assign(arrival.file, arrival);
  if (look.what != Look::complete) return false;
  const std::size_t state = hash_of(look.status);
  std::size_t& taken = taken_[std::hash<std::string>()(arrival.file.string())];
  return std::exchange(taken, state) != state;
}

std::optional<FolderWatch::Arrival> FolderWatch::next(const std::atomic<bool>& stop) {
  while (!stop) {
    if (!arrived_.empty()) {
      Arrival arrival = std::move(arrived_.front());
      arrived_.pop_front();
      // Asked now and not when it came: it may have come again since, or somebody writes it anew and closes
      // it later.
      if (take(arrival)) return arrival;
      continue;
    }
    if (!to_list_.empty()) {
      const Place place = std::move(to_list_.front());
      to_list_.pop_front();
      list(place);
      continue;
    }
    pollfd ready{descriptor_, POLLIN, 0};
    if (::poll(&ready, 1, kStopCheckMs) > 0) read_events();
    ask_again();
  }
  return std::nullopt;
}

void FolderWatch::ask_again() {
  const auto now = std::chrono::steady_clock::now();
  if (written_.empty() || now - asked_ < std::chrono::milliseconds(kStopCheckMs)) return;
  asked_ = now;
  for (auto& [file, arrival] : written_) arrived_.push_back(std::move(arrival));
  written_.clear();
}

void FolderWatch::read_events() {
  alignas(inotify_event) std::array<char, 1U << 16U> buffer;
  const ssize_t count = ::read(descriptor_, buffer.data(), buffer.size());
  for (ssize_t at = 0; at < count;) {
    const auto* const event = reinterpret_cast<const inotify_event*>(&buffer[static_cast<std::size_t>(at)]);
    handle(event->wd, event->mask, event->len > 0 ? event->name : "");
    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
  }
}

void FolderWatch::handle(int watch, unsigned what, const std::string& name) {
  if ((what & IN_Q_OVERFLOW) != 0) {  // there was too much to tell: what was missed is there
    const std::map<int, Place> places = places_;
    for (const auto& [number, place] : places)
      if (place.folder == place.root) enter(place);
    return;
  }
  const auto found = places_.find(watch);
  if (found == places_.end()) return;
  if ((what & IN_IGNORED) != 0) {
    places_.erase(found);
    return;
  }
  const Place place = found->second;
  if ((what & IN_ISDIR) != 0) {
    if (recursive_ && looks_into(place, name)) enter({place.folder / name, place.root});
    return;
  }
  const fs::path file = place.folder / name;
  if (!is_wanted(place, name) || ((what & IN_CREATE) != 0 && !is_link(file))) return;
  arrived_.push_back({file, below(place.root, file)});
}

bool FolderWatch::looks_into(const Place& place, const std::string& name) const {
  return !name.starts_with('.') && !is_system_folder(name) &&
         patterns_.enters(below(place.root, place.folder / name).string());
}

bool FolderWatch::is_wanted(const Place& place, const std::string& name) const {
  return !name.starts_with('.') && patterns_.is_picture_name(name) &&
         patterns_.takes_file(below(place.root, place.folder / name).string());
}

}  // namespace caption
