#include "http/connection.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <limits>
#include <utility>

namespace caption::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast::http;
using boost::beast::error_code;

constexpr std::uint32_t kMostHeadBytes = 16 << 10;
/// A body that comes more slowly is stalled.
constexpr std::size_t kBytesPerSecond = 16 << 10;
constexpr std::chrono::milliseconds kWriteTime{30000};
constexpr std::chrono::milliseconds kLingerTime{5000};
constexpr unsigned kClientLeft = 499;  // as nginx has it

/// Whoever has it may outlive the connection.
class ConnectionReply : public Reply {
 public:
  ConnectionReply(const std::shared_ptr<Connection>& connection,
                  asio::ip::tcp::socket::executor_type executor)
      : connection_(connection), executor_(std::move(executor)) {}

  void send(Response response) override {
    asio::post(executor_, [connection = connection_, response = std::move(response)]() mutable {
      if (const auto open = connection.lock()) open->answer(std::move(response));
    });
  }
  bool gone() const override { return gone_; }
  void leave() { gone_ = true; }

 private:
  std::weak_ptr<Connection> connection_;
  asio::ip::tcp::socket::executor_type executor_;
  std::atomic<bool> gone_ = false;
};

std::string text_of(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

/// Bytes that the parser does not take, and not the end of them.
bool is_malformed(error_code error) {
  return error && error.category() == beast::make_error_code(beast::error::bad_method).category() &&
         error != beast::error::end_of_stream && error != beast::error::partial_message;
}

bool expects_continue(boost::beast::string_view value) {
  return boost::beast::iequals(value, "100-continue");
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, std::shared_ptr<Shared> shared)
    : socket_(std::move(socket)),
      shared_(std::move(shared)),
      timer_(socket_.get_executor()),
      buffer_(kMostHeadBytes) {}

Connection::~Connection() = default;

void Connection::start() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  read_head(shared_->limits.head);
}

void Connection::read_head(std::chrono::milliseconds time) {
  parser_.emplace();
  parser_->header_limit(kMostHeadBytes);
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());  // consider_head looks at it
  bytes_in_ = 0;
  head_ = {};
  enter(State::idle);
  limit(time);
  beast::async_read_header(
      socket_, buffer_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) { self->on_head(error); });
}

void Connection::on_head(error_code error) {
  if (state_ != State::idle) return;
  begin_ = Clock::now();
  if (instead_) return respond(*std::exchange(instead_, std::nullopt));
  if (error == beast::error::header_limit || error == beast::error::buffer_overflow)
    return respond(shared_->handler.problem(431, "the request's head is longer than 16 KiB"));
  if (is_malformed(error))
    return respond(shared_->handler.problem(400, "this is no request of HTTP: " + error.message()));
  if (error) return close();
  const auto& request = parser_->get();
  head_ = {text_of(request.method_string()), text_of(request.target()), text_of(request[beast::field::host]),
           text_of(request[beast::field::content_type]), text_of(request[beast::field::authorization])};
  consider_head();
}

void Connection::consider_head() {
  if (std::optional<Response> refusal = shared_->handler.refuse(head_)) return respond(std::move(*refusal));
  const std::size_t most = shared_->limits.body;
  if (parser_->content_length() && *parser_->content_length() > most) {
    return respond(
        shared_->handler.problem(413, "the request's body has " + std::to_string(*parser_->content_length()) +
                                          " bytes: at most " + std::to_string(most) + " are taken"));
  }
  parser_->body_limit(most);  // of one whose length is not said
  held_ = std::shared_ptr<std::size_t>(new std::size_t(0),
                                       [bytes = shared_->body_bytes](const std::size_t* held) {
                                         *bytes -= *held;
                                         delete held;
                                       });
  enter(State::receiving);
  if (parser_->is_done()) return hand_over();
  expect_body();
}

void Connection::expect_body() {
  limit(shared_->limits.body_time);
  if (!expects_continue(parser_->get()[beast::field::expect])) return read_body();
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(socket_, asio::buffer(kContinue.data(), kContinue.size()),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (self->state_ != State::receiving) return;
                      if (error) return self->close();
                      self->read_body();
                    });
}

void Connection::read_body() {
  beast::async_read_some(
      socket_, buffer_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) { self->on_body(error); });
}

void Connection::on_body(error_code error) {
  if (state_ != State::receiving) return;
  if (instead_) return respond(*std::exchange(instead_, std::nullopt));
  if (error == beast::error::body_limit) {
    return respond(shared_->handler.problem(413, "the request's body is longer than the " +
                                                     std::to_string(shared_->limits.body) +
                                                     " bytes that are taken"));
  }
  if (is_malformed(error))
    return respond(shared_->handler.problem(400, "the request's body is malformed: " + error.message()));
  if (error) return close();
  const std::size_t size = parser_->get().body().size();
  *shared_->body_bytes += size - *held_;
  bytes_in_ = *held_ = size;
  if (parser_->is_done()) return hand_over();
  if (*shared_->body_bytes > shared_->limits.bodies) {
    // Whoever has had most time gives way.
    const std::shared_ptr<Connection> oldest = shared_->receiving.front();
    if (oldest.get() == this) return respond(too_many_bytes());
    oldest->give_up_body();
  }
  const auto allowed = shared_->limits.body_time + std::chrono::milliseconds(1000 * size / kBytesPerSecond);
  limit(std::chrono::duration_cast<std::chrono::milliseconds>(begin_ + allowed - Clock::now()));
  read_body();
}

Response Connection::too_many_bytes() const {
  return shared_->handler.problem(
      429, "too many bytes of requests are on their way: try again, or send more quickly");
}

void Connection::give_up_body() {
  // What was received is free at once; the read that is under way ends by itself.
  parser_->get().body() = {};
  *shared_->body_bytes -= std::exchange(*held_, 0);
  instead_ = too_many_bytes();
  socket_.cancel();
}

void Connection::hand_over() {
  const auto reply = std::make_shared<ConnectionReply>(shared_from_this(), socket_.get_executor());
  reply_ = reply;
  enter(State::answering);
  limit(shared_->limits.answer);
  watch();
  shared_->handler.take({head_, std::move(parser_->get().body()), std::exchange(held_, nullptr)}, reply);
}

/// A client that leaves is noticed before its answer is written. One that closes its half of the connection
/// has left, too.
void Connection::watch() {
  if (buffer_.size() > 0) return;  // the next request is there already
  socket_.async_wait(asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this()](error_code error) { self->on_readable(error); });
}

void Connection::on_readable(error_code error) {
  if (state_ != State::answering || error) return;
  char byte = 0;
  const ssize_t count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count > 0) return;
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return watch();
  drop_reply();  // before anybody is told
  finish(kClientLeft, 0);
  close();
}

void Connection::answer(Response response) {
  if (state_ == State::answering) respond(std::move(response));
}

/// The time is over for what it waits for.
void Connection::on_late() {
  Handler& handler = shared_->handler;
  switch (state_) {
    case State::idle:
      if (buffer_.size() == 0 && !parser_->got_some()) return close();
      instead_ = handler.problem(408, "the request's head did not arrive in time");
      socket_.cancel();
      return;
    case State::receiving:
      instead_ = handler.problem(
          408, "the request's body did not arrive in time: " + std::to_string(bytes_in_) + " bytes came");
      socket_.cancel();
      return;
    case State::answering:
      return respond(handler.problem(503, "there was no answer in time: the server is busy"));
    default:
      return close();
  }
}

void Connection::drop_reply() {
  if (reply_) static_cast<ConnectionReply&>(*std::exchange(reply_, nullptr)).leave();
}

void Connection::respond(Response response) {
  drop_reply();
  const bool whole = state_ == State::answering;
  enter(State::writing);
  error_code ignored;
  socket_.cancel(ignored);  // of `watch`
  held_ = nullptr;
  response_ = {};
  response_.result(response.status);
  response_.version(11);
  response_.set(beast::field::server, "caption");
  response_.set(beast::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) response_.set(name, value);
  response_.keep_alive(whole && parser_->get().keep_alive() && !shared_->closing);
  const std::size_t size = response.body.size();
  response_.content_length(size);
  if (head_.method != "HEAD") response_.body() = std::move(response.body);
  limit(kWriteTime);
  beast::async_write(socket_, response_, [self = shared_from_this(), size](error_code error, std::size_t) {
    self->on_written(error, size);
  });
}

void Connection::on_written(error_code error, std::size_t body_bytes) {
  if (state_ != State::writing) return;
  finish(error ? kClientLeft : response_.result_int(), body_bytes);
  const bool goes_on = response_.keep_alive() && !shared_->closing;
  response_ = {};
  if (error) return close();
  if (goes_on) return read_head(shared_->limits.idle);
  linger();
}

/// A client that is still sending would lose the answer with a connection that is closed on it.
void Connection::linger() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  enter(State::lingering);
  limit(kLingerTime);
  discard();
}

void Connection::discard() {
  socket_.async_read_some(asio::buffer(shared_->unread),
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (self->state_ != State::lingering) return;
                            if (error) return self->close();
                            self->discard();
                          });
}

void Connection::finish(unsigned status, std::size_t bytes_out) {
  shared_->handler.finished({head_.target, status, bytes_in_, bytes_out, Clock::now() - begin_});
}

void Connection::close() {
  if (state_ == State::closed) return;
  drop_reply();
  const std::shared_ptr<Connection> self = shared_from_this();  // the lists may hold the last one
  enter(State::closed);
  held_ = nullptr;
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

Connections* Connection::list_of(State state) {
  switch (state) {
    case State::idle:
    case State::lingering:
      return &shared_->idle;
    case State::receiving:
      return &shared_->receiving;
    case State::answering:
    case State::writing:
      return &shared_->answering;
    case State::closed:
      break;
  }
  return nullptr;
}

void Connection::enter(State state) {
  Connections* const to = list_of(state);
  const std::shared_ptr<Connection> self = shared_from_this();
  if (Connections* const from = list_of(state_)) from->erase(place_);
  state_ = state;
  if (to != nullptr) place_ = to->insert(to->end(), self);
}

void Connection::limit(std::chrono::milliseconds time) {
  timer_.expires_after(time);  // ends the wait before
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error && self->timer_.expiry() <= Clock::now()) self->on_late();
  });
}

}  // namespace caption::http
