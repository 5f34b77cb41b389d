#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "caption/api.h"

namespace caption {

struct HttpRequest {
  std::string address;               ///< "https://..." or "http://..."
  std::vector<std::string> headers;  ///< "Range: bytes=5-"
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< by lower-case name; of a repeated one the last counts
  std::string redirect;                        ///< where it sends us, complete; empty if nowhere

  /// Empty if it is not there.
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

/// Takes one response, piece by piece. What it throws ends the transfer and reaches whoever began it.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  /// Once, before its bytes.
  virtual void begin(const HttpResponse& response) = 0;
  virtual void take(std::span<const std::byte> bytes) = 0;
};

/// How a transfer ended.
struct TransferEnd {
  enum class Kind {
    complete,
    unreachable,  ///< no such host, no connection, no proxy
    untrusted,    ///< TLS: a certificate that is not accepted, or no common protocol
    cut,          ///< it ended early, or nothing came for too long
    stopped,      ///< because it was asked to
  };
  Kind kind = Kind::complete;
  std::string reason;  ///< for a person
};

/// One connection after another to any servers, with their cookies. One thread at a time.
class HttpSession {
 public:
  virtual ~HttpSession() = default;
  /// One request and its response; follows no redirect.
  virtual TransferEnd get(const HttpRequest& request, ResponseSink& sink) = 0;
};

struct HttpOptions {
  std::string user_agent;
  std::string ca_file;    ///< certificates to trust in the place of the system's, PEM; may be empty
  std::string ca_folder;  ///< likewise, as `openssl rehash` makes it
  int timeout_s = 30;     ///< to connect, and without a byte
  const std::atomic<bool>* stop = nullptr;  ///< becomes true when it is to end
};

/// What may open connections, as a table of functions: it lives in a shared library of its own, which is
/// opened for `caption models fetch` alone.
struct NetLibrary {
  std::unique_ptr<HttpSession> (*open_session)(const HttpOptions& options);
};

/// Opens the library at the first call. Throws Error(internal) if it cannot be opened.
const NetLibrary& net_library();

}  // namespace caption

/// The library's one entry point.
extern "C" CAPTION_API const caption::NetLibrary* caption_net_library();
