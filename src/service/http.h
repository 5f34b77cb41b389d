#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "caption/api.h"

/// HTTP as the service sees it. What speaks it on sockets is a library of its own (src/http), which is opened
/// when there is something to serve.
namespace caption::http {

/// The first part of a request, before its body is read.
struct Head {
  std::string method;
  std::string target;  ///< path and query, as they came
  std::string host;    ///< what the client takes this server for
  std::string content_type;
  std::string authorization;
};

struct Request {
  Head head;
  std::string body;
  std::shared_ptr<const void> held;  ///< as long as it lives, the body counts as memory in use
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// The way back to a client. For any thread.
class Reply {
 public:
  virtual ~Reply() = default;
  /// Once; without effect if nobody waits any more.
  virtual void send(Response response) = 0;
  /// Whether nobody waits any more: the client has left, or the deadline is over.
  virtual bool gone() const = 0;
};

/// What became of a request, for counts and logs.
struct Exchange {
  std::string target;
  unsigned status = 0;  ///< 499: the client left before there was an answer
  std::size_t bytes_in = 0;
  std::size_t bytes_out = 0;             ///< bodies' bytes
  std::chrono::duration<double> time{};  ///< from its head to the end of its answer
};

/// What answers. All calls come from the server's thread.
class Handler {
 public:
  virtual ~Handler() = default;
  /// An answer to the head alone: then the body is not read.
  virtual std::optional<Response> refuse(const Head& head) = 0;
  /// A whole request.
  virtual void take(Request request, std::shared_ptr<Reply> reply) = 0;
  /// The answer to what is no valid request, or one that is too large, too slow or too late.
  virtual Response problem(unsigned status, const std::string& message) = 0;
  virtual void finished(const Exchange& exchange) = 0;
};

struct Limits {
  std::size_t connections = 4096;         ///< at a time; for a new one, one that asks for nothing is closed
  std::size_t body = 20 << 20;            ///< bytes of one request's body
  std::size_t bodies = 320 << 20;         ///< bytes of all that are being received or waiting
  std::chrono::milliseconds head{15000};  ///< for a whole head
  std::chrono::milliseconds idle{60000};  ///< between two requests
  std::chrono::milliseconds body_time{10000};  ///< for a body, and a second more for each 16 KiB of it
  std::chrono::milliseconds answer{60000};     ///< from the end of a request to its answer
};

/// Numbers of the moment.
struct Load {
  std::size_t connections = 0;
  std::size_t body_bytes = 0;
};

class Server {
 public:
  virtual ~Server() = default;
  /// "127.0.0.1:8080"
  virtual std::string address() const = 0;
  /// Whether only programs of this machine can reach it.
  virtual bool loopback() const = 0;
  /// Answers until `stop` becomes true; then takes no new connections, and returns when all requests that
  /// have begun are answered, or `abandon` becomes true.
  virtual void run(Handler& handler, const std::atomic<bool>& stop, const std::atomic<bool>& abandon) = 0;
  /// For any thread.
  virtual Load load() const = 0;
};

/// Where a server listens.
struct Place {
  std::string address;        ///< "127.0.0.1:8080", "[::1]:8080", "localhost:0"; port 0 is any that is free
  std::optional<int> socket;  ///< listens already, whatever the address
};

/// The library, as a table of functions.
struct HttpLibrary {
  /// Throws Error(usage) for what is no address, Error(output) if it is not to be had.
  std::unique_ptr<Server> (*listen)(const Place& place, const Limits& limits);
};

/// Opens the library at the first call. Throws Error(internal) if it cannot be opened.
const HttpLibrary& http_library();

}  // namespace caption::http

/// The library's one entry point.
extern "C" CAPTION_API const caption::http::HttpLibrary* caption_http_library();
