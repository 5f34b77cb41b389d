#include "cli/serve/command.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/log.h"
#include "caption/error.h"
#include "cli/locate_model.h"
#include "cli/serve/activation.h"
#include "cli/serve/token.h"
#include "cli/signals.h"
#include "files/output.h"
#include "service/api.h"
#include "service/line_requests.h"

namespace caption::cli {
namespace {

/// Of all bodies together, in one body's most.
constexpr std::size_t kBodies = 16;

std::size_t most_bytes(const ServeOptions& options) {
  return static_cast<std::size_t>(options.max_body * 1e6);
}

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

http::Limits limits_of(const ServeOptions& options) {
  http::Limits limits;
  limits.connections = static_cast<std::size_t>(options.max_connections);
  limits.body = most_bytes(options);
  limits.bodies = kBodies * limits.body;
  limits.body_time = milliseconds(options.body_timeout);
  limits.answer = milliseconds(options.deadline);
  return limits;
}

/// The thread that speaks HTTP. It ends when the program is to stop and all is answered, and then lets the
/// queue end.
class HttpThread {
 public:
  HttpThread(http::Server& server, Api& api, PictureQueue& queue)
      : thread_([this, &server, &api, &queue] {
          try {
            server.run(api, interrupted, abandon_);
          } catch (...) {
            failure_ = std::current_exception();
          }
          queue.close();
        }) {}
  HttpThread(const HttpThread&) = delete;
  HttpThread& operator=(const HttpThread&) = delete;
  ~HttpThread() {
    abandon_ = true;
    thread_.join();
  }

  /// When the queue has ended. Throws what ended the thread.
  void check() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::atomic<bool> abandon_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

/// Static, because `leave` then spares us giving back a model's memory page by page.
Captioner& load(const ServeConfig& config, const std::filesystem::path& folder) {
  static const std::unique_ptr<Captioner> captioner = load_captioner(folder, config.model_options);
  return *captioner;
}

void serve_lines(const ServeConfig& config, const PictureFolder* folder, const std::filesystem::path& model) {
  Captioner& captioner = load(config, model);
  Output output;
  LineRequests lines(STDIN_FILENO, output,
                     {captioner.name(), static_cast<std::size_t>(config.batch.decode.n_best),
                      most_bytes(config.serve), folder});
  const InputSource source = [&](const std::atomic<bool>& stop) { return lines.next(stop, interrupted); };
  const RecordSink sink = [&](const Record& record) { lines.take(record); };
  static const std::atomic<bool> never = false;  // what was read is answered
  caption_all(captioner, source, sink, config.batch, never);
}

void serve_http(const ServeConfig& config, const PictureFolder* folder, const std::filesystem::path& model) {
  const ServeOptions& options = config.serve;
  ApiOptions api_options{
      {}, {}, static_cast<std::size_t>(config.batch.decode.n_best), folder, options.verbose};
  // A page whose name was made to lead here does not know the token.
  if (options.token_file) {
    api_options.token = read_token(*options.token_file);
  } else {
    api_options.hosts.emplace(options.allow_hosts);
  }
  const std::optional<int> socket = handed_over_socket();
  const std::unique_ptr<http::Server> server =
      http::http_library().listen({options.listen, socket}, limits_of(options));
  if (!server->loopback() && !api_options.token) {
    throw Error(ErrorKind::usage, server->address() +
                                      " can be reached from other machines: without --token-file FILE, "
                                      "only 127.0.0.1 and [::1] are listened on");
  }
  PictureQueue queue(static_cast<std::size_t>(options.max_waiting));
  Api api(std::move(api_options), queue, *server, interrupted);
  // Who has connected to a socket of systemd waits there, instead of being told to come back: it is what has
  // started us.
  if (socket) api.ready(load(config, model).name());
  HttpThread thread(*server, api, queue);
  log::info("listening on http://" + server->address());
  Captioner& captioner = load(config, model);
  if (!socket) api.ready(captioner.name());
  log::info("the model '" + captioner.name() + "' is loaded");
  const InputSource source = [&](const std::atomic<bool>& stop) { return queue.next(stop); };
  const RecordSink sink = [&](const Record& record) { queue.take(record); };
  static const std::atomic<bool> never = false;  // what was accepted is answered
  caption_all(captioner, source, sink, config.batch, never);
  thread.check();
}

}  // namespace

ExitStatus run(const ServeConfig& config) {
  if (config.serve.quiet) log::set_level(log::Level::quiet);
  std::optional<PictureFolder> folder;
  if (config.serve.root) folder.emplace(*config.serve.root, most_bytes(config.serve));
  const std::filesystem::path model =
      config.model.empty() ? locate_default_model() : locate_model(config.model);
  catch_interrupts();
  const auto serve = config.serve.from_stdin ? serve_lines : serve_http;
  serve(config, folder ? &*folder : nullptr, model);
  return ExitStatus::success;
}

}  // namespace caption::cli
