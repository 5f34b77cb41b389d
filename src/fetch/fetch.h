#pragma once

#include <string>
#include <vector>

#include "caption/error.h"
#include "fetch/download.h"
#include "fetch/pins.h"
#include "fetch/plan.h"

namespace caption {

/// A file that is there, and is what it should be as far as anybody knows.
struct FetchedFile {
  PublishedFile published;
  std::filesystem::path file;
  std::string sha256;
  std::uint64_t bytes = 0;
  std::string source;       ///< the address or file that it came from
  bool downloaded = false;  ///< `file` lies among the downloads
};

/// No source gives a file; the message has a line for each.
class FetchError : public Error {
 public:
  FetchError(const std::string& message, bool offline)
      : Error(ErrorKind::model, message), offline_(offline) {}
  /// Whether nothing at all could be reached.
  bool offline() const { return offline_; }

 private:
  bool offline_;
};

/// Gets all files of the plan: each from the first source that has it, with the hash that was published or
/// else pinned. Opens no connection if all sources are files. Throws FetchError, Interrupted or
/// Error(output).
std::vector<FetchedFile> fetch_files(const std::vector<PlannedFile>& plan, const Pins& pins,
                                     const DownloadSettings& settings, const HttpOptions& http,
                                     FetchObserver& observer);

}  // namespace caption
