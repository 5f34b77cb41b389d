#include "fetch/fetch.h"

#include <memory>
#include <optional>

#include "base/printable.h"
#include "fetch/address.h"
#include "fetch/transfer.h"
#include "files/sha256.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// What is known of a file's size and hash before it is there.
Wanted wanted_of(const PublishedFile& file, const Pins& pins) {
  Wanted wanted{file.name, file.bytes, file.exact, file.sha256, "published"};
  if (!wanted.sha256.empty()) return wanted;
  if (const std::optional<Pins::Pin> pin = pins.find(file.name)) {
    wanted = {file.name, pin->bytes, true, pin->sha256,
              "the first one that came here, from " + pin->from + ", as " + pins.file().string() +
                  " says; to trust another one, take it out of there"};
  }
  return wanted;
}

class Fetch {
 public:
  Fetch(const Pins& pins, const DownloadSettings& settings, const HttpOptions& http, FetchObserver& observer)
      : pins_(pins), settings_(settings), http_(http), observer_(observer) {}

  FetchedFile get(const PlannedFile& planned) {
    const Wanted wanted = wanted_of(planned.published, pins_);
    std::string failures;
    bool offline = true;
    if (const auto earlier = take_file(planned, wanted, (settings_.folder / wanted.name).string()))
      return *earlier;
    for (const std::string& source : planned.sources) {
      try {
        if (is_web_address(source)) return take_address(planned, wanted, source);
        if (const auto file = take_file(planned, wanted, source)) return *file;
        failures += "\n  " + printable(source) + ": is not there";
        offline = false;
      } catch (const AddressFailed& failed) {
        const std::string line = printable(source + ": " + failed.reason);
        failures += "\n  " + line;
        offline = offline && failed.unreachable;
        if (&source != &planned.sources.back()) observer_.note(line + "; trying the next place");
      }
    }
    throw FetchError("cannot get " + wanted.name + ":" + failures, offline);
  }

 private:
  FetchedFile take_address(const PlannedFile& planned, const Wanted& wanted, const std::string& address) {
    if (session_ == nullptr) session_ = net_library().open_session(http_);
    const Downloaded done = download(*session_, wanted, address, settings_, observer_);
    return {planned.published, done.file, done.sha256, fs::file_size(done.file), address, true};
  }

  /// A file on this machine; among the downloads it is what an earlier run has fetched, but not imported.
  /// Nothing if there is none.
  std::optional<FetchedFile> take_file(const PlannedFile& planned, const Wanted& wanted,
                                       const std::string& file) const {
    const bool downloaded = fs::path(file).parent_path() == settings_.folder;
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) return std::nullopt;
    std::string sha256 = file_sha256(file, ErrorKind::model);
    if (!wanted.sha256.empty() && sha256 != wanted.sha256) {
      if (downloaded) return std::nullopt;
      throw AddressFailed{"is another file: its SHA-256 is " + sha256 + ", not " + wanted.sha256 + " (" +
                          wanted.known_from + ")"};
    }
    return FetchedFile{planned.published, file, std::move(sha256), fs::file_size(file), file, downloaded};
  }

  const Pins& pins_;
  const DownloadSettings& settings_;
  const HttpOptions& http_;
  FetchObserver& observer_;
  std::unique_ptr<HttpSession> session_;
};

}  // namespace

std::vector<FetchedFile> fetch_files(const std::vector<PlannedFile>& plan, const Pins& pins,
                                     const DownloadSettings& settings, const HttpOptions& http,
                                     FetchObserver& observer) {
  Fetch fetch(pins, settings, http, observer);
  std::vector<FetchedFile> files;
  for (const PlannedFile& file : plan) files.push_back(fetch.get(file));
  return files;
}

}  // namespace caption
