#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "http/growing_body.h"
#include "service/http.h"

namespace caption::http {

class Connection;
/// In the order in which they came to be there.
using Connections = std::list<std::shared_ptr<Connection>>;

/// What all connections of a server share. Of one thread, but for the numbers.
struct Shared {
  Handler& handler;
  const Limits& limits;
  std::shared_ptr<std::atomic<std::size_t>> body_bytes;  ///< a request may outlive the server
  Connections idle;       ///< wait for a head, or for the end of what nobody reads
  Connections receiving;  ///< of a body
  Connections answering;
  bool closing = false;              ///< no request is taken after the one that has begun
  std::array<char, 1 << 16> unread;  ///< what nobody reads goes here
};

/// One client: reads a request, waits for its answer, writes it, reads the next one. Beside the one thing
/// that it does there is a time limit, which is all that a slow client meets.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<Shared> shared);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  void start();
  /// Leaves at once, without an answer.
  void close();
  /// Of one that is receiving a body: gives it up, as others need the memory.
  void give_up_body();

  /// From a Reply.
  void answer(Response response);

 private:
  using Clock = std::chrono::steady_clock;
  using Parser = boost::beast::http::request_parser<GrowingBody>;

  enum class State { idle, receiving, answering, writing, lingering, closed };

  void read_head(std::chrono::milliseconds time);
  void on_head(boost::beast::error_code error);
  void consider_head();
  void expect_body();
  void read_body();
  void on_body(boost::beast::error_code error);
  Response too_many_bytes() const;
  void hand_over();
  void watch();
  void on_readable(boost::beast::error_code error);
  void on_late();
  /// Whoever holds the reply hears that nobody waits for it any more.
  void drop_reply();
  void respond(Response response);
  void on_written(boost::beast::error_code error, std::size_t body_bytes);
  void linger();
  void discard();
  void finish(unsigned status, std::size_t bytes_out);

  void enter(State state);
  Connections* list_of(State state);
  /// Calls on_late when so much time has gone by, unless it is called again before.
  void limit(std::chrono::milliseconds time);

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<Shared> shared_;
  boost::asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  State state_ = State::closed;
  Connections::iterator place_;      ///< in the list of its state
  std::optional<Response> instead_;  ///< of what was waited for: the time is over
  std::shared_ptr<Reply> reply_;
  std::shared_ptr<std::size_t> held_;  ///< bytes of the body
  Clock::time_point begin_;            ///< of the request
  Head head_;
  std::size_t bytes_in_ = 0;
};

}  // namespace caption::http
