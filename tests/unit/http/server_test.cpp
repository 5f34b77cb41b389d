#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

#include "service/http.h"

namespace caption::http {
namespace {

using std::chrono_literals::operator""ms;

/// Answers from threads of its own: what was sent, and "never" is never answered.
class Echo : public Handler {
 public:
  Echo() {
    for (int i = 0; i < 3; ++i) threads_.emplace_back([this] { work(); });
  }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  ~Echo() override {
    {
      const std::scoped_lock lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  std::optional<Response> refuse(const Head& head) override {
    if (head.target == "/refused") return Response{403, "text/plain", "refused", {}};
    return std::nullopt;
  }
  void take(Request request, std::shared_ptr<Reply> reply) override {
    const std::scoped_lock lock(mutex_);
    (request.body == "never" ? never_ : jobs_).push_back({std::move(request), std::move(reply)});
    changed_.notify_all();
  }
  Response problem(unsigned status, const std::string& message) override {
    return {status, "text/plain", message, {}};
  }
  void finished(const Exchange& exchange) override {
    const std::scoped_lock lock(mutex_);
    statuses_.push_back(exchange.status);
    changed_.notify_all();
  }

  /// Of those that are never answered, when there is one.
  std::shared_ptr<Reply> unanswered() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !never_.empty(); });
    return never_.front().reply;
  }
  /// When so many requests have ended.
  std::vector<unsigned> statuses(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return statuses_.size() >= count; });
    return statuses_;
  }

 private:
  struct Job {
    Request request;
    std::shared_ptr<Reply> reply;
  };

  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ended_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job.reply->send({200, "text/plain", std::move(job.request.body), {}});
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::deque<Job> never_;
  std::vector<unsigned> statuses_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

/// A server on a thread, until it is stopped or goes out of scope.
class Running {
 public:
  explicit Running(const Limits& limits = {})
      : server_(caption_http_library()->listen({"127.0.0.1:0", std::nullopt}, limits)),
        thread_([this] { server_->run(echo, stop_, abandon_); }) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    abandon_ = true;
    if (thread_.joinable()) thread_.join();
  }

  void stop() { stop_ = true; }
  void join() { thread_.join(); }
  const Server& server() const { return *server_; }
  std::uint16_t port() const {
    const std::string address = server_->address();
    return static_cast<std::uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1));
  }

  Echo echo;

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<bool> abandon_ = false;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(const Running& running) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(running.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { leave(); }

  void leave() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  /// Whether all of it went.
  bool send(const std::string& text, int flags = 0) const {
    return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | flags) ==
           static_cast<ssize_t>(text.size());
  }
  bool post(const std::string& body) const {
    return send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body);
  }
  /// The next answer's status and body; the status is 0 if the connection ends.
  std::pair<int, std::string> answer() {
    static constexpr std::string_view kLength = "Content-Length: ";
    std::size_t head = 0;
    while ((head = received_.find("\r\n\r\n")) == std::string::npos)
      if (!receive()) return {0, received_};
    const auto length =
        static_cast<std::size_t>(std::atoi(received_.c_str() + received_.find(kLength) + kLength.size()));
    while (received_.size() < head + 4 + length)
      if (!receive()) return {0, received_};
    std::pair<int, std::string> result{std::atoi(received_.c_str() + 9), received_.substr(head + 4, length)};
    received_.erase(0, head + 4 + length);
    return result;
  }

 private:
  bool receive() {
    std::array<char, 4096> bytes;
    const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (count <= 0) return false;
    received_.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
  }

  int socket_;
  std::string received_;
};

using Answered = std::pair<int, std::string>;

TEST(HttpServer, AnswersManyClientsFromOtherThreads) {
  Running running;
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&running, &right, i] {
      Client client(running);
      for (int k = 0; k < 40; ++k) {
        const std::string body = std::to_string(i) + std::string(static_cast<std::size_t>(100 * k), 'x');
        client.post(body);
        if (client.answer() == Answered{200, body}) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 320);
  EXPECT_EQ(running.echo.statuses(320), std::vector<unsigned>(320, 200));
  EXPECT_EQ(running.server().load().body_bytes, 0U);
}

TEST(HttpServer, HeadsThatStall) {
  Limits limits;
  limits.head = 500ms;
  limits.idle = 500ms;
  Running running(limits);
  Client half(running), nothing(running), late(running);
  half.send("POST / HTTP/1.1\r\nContent-Le");
  EXPECT_EQ(half.answer().first, 408);
  EXPECT_EQ(half.answer().first, 0);
  EXPECT_EQ(nothing.answer(), (Answered{0, ""}));
  EXPECT_EQ(late.answer(), (Answered{0, ""}));
  Client again(running);
  again.post("a");
  EXPECT_EQ(again.answer(), (Answered{200, "a"}));
  EXPECT_EQ(again.answer(), (Answered{0, ""}));  // it has asked for nothing more
}

TEST(HttpServer, BodiesThatStallOrAreRefused) {
  Limits limits;
  limits.body = 1000;
  limits.body_time = 100ms;
  Running running(limits);
  Client slow(running), large(running), refused(running);
  slow.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n123");
  EXPECT_EQ(slow.answer().first, 408);
  large.send("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n123");
  EXPECT_EQ(large.answer().first, 413);
  refused.send("POST /refused HTTP/1.1\r\nContent-Length: 10\r\n\r\n");
  EXPECT_EQ(refused.answer(), (Answered{403, "refused"}));
}

TEST(HttpServer, AnswersThatAreTooLate) {
  Limits limits;
  limits.answer = 500ms;
  Running running(limits);
  Client client(running);
  client.post("never");
  EXPECT_EQ(client.answer().first, 503);
  const std::shared_ptr<Reply> reply = running.echo.unanswered();
  EXPECT_TRUE(reply->gone());
  reply->send({200, "text/plain", "too late", {}});
  client.post("next");
  EXPECT_EQ(client.answer(), (Answered{200, "next"}));
}

TEST(HttpServer, AClientThatLeavesIsNoticed) {
  Running running;
  Client client(running);
  client.post("never");
  const std::shared_ptr<Reply> reply = running.echo.unanswered();
  EXPECT_FALSE(reply->gone());
  client.leave();
  EXPECT_EQ(running.echo.statuses(1), std::vector<unsigned>{499});
  EXPECT_TRUE(reply->gone());
  reply->send({200, "text/plain", "to nobody", {}});
}

TEST(HttpServer, AClientThatNeverReadsHoldsNobodyUp) {
  Running running;
  Client greedy(running);
  const std::string request = "POST / HTTP/1.1\r\nContent-Length: 60000\r\n\r\n" + std::string(60000, 'x');
  for (int i = 0; i < 5000 && greedy.send(request, MSG_DONTWAIT); ++i) {
  }
  for (int i = 0; i < 50; ++i) {
    Client client(running);
    client.post("good");
    EXPECT_EQ(client.answer(), (Answered{200, "good"}));
  }
  EXPECT_LT(running.server().load().body_bytes, 200000U);  // of one request, and none of those behind it
}

TEST(HttpServer, AtTheLimitOfConnectionsTheOldestIdleOneGivesWay) {
  Limits limits;
  limits.connections = 3;
  Running running(limits);
  Client busy(running);
  busy.post("never");
  running.echo.unanswered();
  Client oldest(running), other(running);
  other.post("a");
  EXPECT_EQ(other.answer().first, 200);
  Client newest(running);
  newest.post("b");
  EXPECT_EQ(newest.answer().first, 200);
  EXPECT_EQ(oldest.answer(), (Answered{0, ""}));
  other.post("c");
  EXPECT_EQ(other.answer().first, 200);
}

TEST(HttpServer, AllBodiesTogetherHaveALimit) {
  Limits limits;
  limits.body = 100000;
  limits.bodies = 150000;
  Running running(limits);
  const std::string half = "POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + std::string(90000, 'x');
  Client first(running), second(running);
  first.send(half);
  while (running.server().load().body_bytes < 90000) std::this_thread::sleep_for(1ms);
  second.send(half + std::string(10000, 'x'));
  EXPECT_EQ(first.answer().first, 429);
  EXPECT_EQ(second.answer().second.size(), 100000U);
}

TEST(HttpServer, StopsWhenWhatHasBegunIsAnswered) {
  Running running;
  Client idle(running), begun(running);
  begun.post("never");
  const std::shared_ptr<Reply> reply = running.echo.unanswered();
  running.stop();
  EXPECT_EQ(idle.answer(), (Answered{0, ""}));
  reply->send({200, "text/plain", "at last", {}});
  EXPECT_EQ(begun.answer(), (Answered{200, "at last"}));
  EXPECT_EQ(begun.answer().first, 0);
  running.join();
}

TEST(HttpServer, IsAbandonedWithWhatHasBegun) {
  auto running = std::make_unique<Running>();
  Client client(*running);
  client.post("never");
  running->echo.unanswered();
  running.reset();
  EXPECT_EQ(client.answer().first, 0);
}

}  // namespace
}  // namespace caption::http
