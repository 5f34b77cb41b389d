#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <utility>

#include "caption/error.h"
#include "http/connection.h"
#include "service/http.h"

namespace caption::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kStopCheck{50};
constexpr std::chrono::milliseconds kAcceptPause{10};
constexpr int kBacklog = 4096;
/// Descriptors that are no connections: the model's files, modules, pictures that are read.
constexpr std::size_t kOtherDescriptors = 64;

[[noreturn]] void refuse(const std::string& address, const std::string& why) {
  throw Error(ErrorKind::usage, "'" + address + "' " + why);
}

/// "HOST:PORT"
tcp::endpoint endpoint_of(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const std::string valid = ": an address is IP:PORT, as 127.0.0.1:8080, [::1]:8080 or localhost:0";
  if (colon == std::string::npos) refuse(address, "has no port" + valid);
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  error_code error;
  const asio::ip::address ip = asio::ip::make_address(host, error);
  std::uint16_t port = 0;
  const char* const end = address.data() + address.size();
  const auto read = std::from_chars(address.data() + colon + 1, end, port);
  if (error || read.ec != std::errc() || read.ptr != end) refuse(address, "is no address" + valid);
  return {ip, port};
}

/// As many as there may be, after the process has all descriptors that it may have.
std::size_t most_connections(std::size_t wanted) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return wanted;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const auto most = static_cast<std::size_t>(files.rlim_cur);
  return std::min(wanted, most > 2 * kOtherDescriptors ? most - kOtherDescriptors : kOtherDescriptors);
}

class BeastServer : public Server {
 public:
  BeastServer(const Place& place, const Limits& limits)
      : limits_(limits), acceptor_(context_), ticks_(context_), pause_(context_) {
    limits_.connections = most_connections(limits.connections);
    if (place.socket) {
      adopt(*place.socket);
    } else {
      open(place.address);
    }
  }

  std::string address() const override {
    const tcp::endpoint at = acceptor_.local_endpoint();
    const std::string host = at.address().to_string();
    return (at.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(at.port());
  }

  bool loopback() const override { return acceptor_.local_endpoint().address().is_loopback(); }

  void run(Handler& handler, const std::atomic<bool>& stop, const std::atomic<bool>& abandon) override {
    shared_ = std::make_shared<Shared>(Shared{handler, limits_, body_bytes_, {}, {}, {}, false, {}});
    accept();
    tick(stop, abandon);
    context_.run();
    for (Connections* connections : {&shared_->idle, &shared_->receiving, &shared_->answering}) {
      while (close_first(*connections)) {
      }
    }
  }

  Load load() const override { return {connections_, *body_bytes_}; }

 private:
  void open(const std::string& text) {
    const tcp::endpoint at = endpoint_of(text);
    try {
      acceptor_.open(at.protocol());
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      acceptor_.bind(at);
      acceptor_.listen(kBacklog);
    } catch (const boost::system::system_error& error) {
      throw Error(ErrorKind::output, "cannot listen on " + text + ": " + error.code().message());
    }
  }

  void adopt(int descriptor) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    int listens = 0;
    socklen_t listens_size = sizeof listens;
    const bool found = ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
                       ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) == 0;
    const bool v6 = address.ss_family == AF_INET6;
    if (!found || listens == 0 || (!v6 && address.ss_family != AF_INET))
      throw Error(ErrorKind::output, "the socket that was handed over does not listen for TCP connections");
    acceptor_.assign(v6 ? tcp::v6() : tcp::v4(), descriptor);
    acceptor_.non_blocking(true);
  }

  std::size_t count() const {
    return shared_->idle.size() + shared_->receiving.size() + shared_->answering.size();
  }

  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (error) {  // no descriptors, most likely: trying again at once would take all time
        make_room();
        pause_.expires_after(kAcceptPause);
        pause_.async_wait([this](error_code) { accept(); });
        return;
      }
      // If all are at work, it is closed at once.
      if (count() < limits_.connections || make_room())
        std::make_shared<Connection>(std::move(socket), shared_)->start();
      accept();
    });
  }

  /// The one goes that has been waiting longest for nothing. -> whether there was one
  bool make_room() { return close_first(shared_->idle) || close_first(shared_->receiving); }

  static bool close_first(Connections& connections) {
    if (connections.empty()) return false;
    std::shared_ptr<Connection>(connections.front())->close();
    return true;
  }

  /// A signal handler cannot wake the loop, hence the look now and then.
  void tick(const std::atomic<bool>& stop, const std::atomic<bool>& abandon) {
    connections_ = count();
    if (abandon) return context_.stop();
    if (stop && !shared_->closing) {
      shared_->closing = true;
      acceptor_.close();
      while (close_first(shared_->idle)) {
      }
    }
    if (shared_->closing && count() == shared_->idle.size()) return context_.stop();
    ticks_.expires_after(kStopCheck);
    ticks_.async_wait([this, &stop, &abandon](error_code) { tick(stop, abandon); });
  }

  Limits limits_;
  const std::shared_ptr<std::atomic<std::size_t>> body_bytes_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::atomic<std::size_t> connections_ = 0;
  // Declared before what refers to it, and before what its handlers hold.
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer ticks_;
  asio::steady_timer pause_;
  std::shared_ptr<Shared> shared_;
};

std::unique_ptr<Server> listen(const Place& place, const Limits& limits) {
  return std::make_unique<BeastServer>(place, limits);
}

}  // namespace
}  // namespace caption::http

const caption::http::HttpLibrary* caption_http_library() {
  static constexpr caption::http::HttpLibrary library = {caption::http::listen};
  return &library;
}
