#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>

#include "fetch/observer.h"
#include "fetch/transfer.h"

namespace caption {

/// One file, and what is known of it before it is there.
struct Wanted {
  std::string name;         ///< "ViT-B-32.pt"
  std::uint64_t bytes = 0;  ///< its size, or about its size
  bool exact = false;       ///< `bytes` is exactly its size
  std::string sha256;       ///< empty if nobody knows it
  std::string known_from;   ///< who says that hash, "published"
};

/// Hugging Face, whose addresses are treated as such.
struct HuggingFace {
  static constexpr const char* kServer = "https://huggingface.co";
  std::string server = kServer;  ///< what takes its place: HF_ENDPOINT
  std::string token;             ///< shown to that server alone; may be empty: HF_TOKEN
};

struct DownloadSettings {
  std::filesystem::path folder;  ///< where files arrive
  int retries = 5;               ///< times in a row that nothing may come before it gives up
  HuggingFace hugging_face;
  const std::atomic<bool>* stop = nullptr;  ///< becomes true when it is to end
};

/// Thrown if an address does not give the file. Another one may.
struct AddressFailed {
  std::string reason;
  bool unreachable = false;  ///< there was no connection at all
};

/// Thrown when it was asked to end. What has come stays.
struct Interrupted {};

struct Downloaded {
  std::filesystem::path file;
  std::string sha256;
};

/// Fetches a file from an address into the folder, where it goes on with what an earlier run has left, and
/// again where a connection is cut. Under its name there is nothing before all of it has come and has its
/// size and hash. Throws AddressFailed, Interrupted or Error(output).
Downloaded download(HttpSession& session, const Wanted& wanted, const std::string& address,
                    const DownloadSettings& settings, FetchObserver& observer);

}  // namespace caption
