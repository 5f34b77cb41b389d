#include "service/api.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "service/form_page.h"
#include "service/multipart.h"
#include "service/parse_json.h"
#include "service/picture_request.h"

namespace caption {
namespace {

constexpr std::string_view kModels = "/v1/models";

struct Route {
  std::string_view path;
  bool post;
  bool open;  ///< to those without the token
};
constexpr std::array<Route, 6> kRoutes = {{{"/caption", true, false},
                                           {"/v1/chat/completions", true, false},
                                           {kModels, false, false},
                                           {"/metrics", false, false},
                                           {"/healthz", false, true},
                                           {"/", false, false}}};

std::string path_of(const std::string& target) {
  return target.substr(0, target.find('?'));
}

/// The route of a path, or null.
const Route* route_of(std::string_view path) {
  if (path.starts_with("/v1/models/")) path = kModels;
  const auto found =
      std::find_if(kRoutes.begin(), kRoutes.end(), [&](const Route& route) { return route.path == path; });
  return found == kRoutes.end() ? nullptr : &*found;
}

/// In a time that does not tell how much of it was right.
bool same_secret(std::string_view given, std::string_view expected) {
  unsigned different = given.size() == expected.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    different |=
        static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(expected[i % expected.size()]);
  return different == 0;
}

bool is_type(const std::string& content_type, std::string_view type) {
  std::string lower = content_type.substr(0, content_type.find(';'));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::string_view(lower).substr(0, lower.find_last_not_of(' ') + 1) == type;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Input input_of(const http::Request& request, const PictureFolder* folder) {
  if (is_type(request.head.content_type, "multipart/form-data")) {
    FormFile file = file_of_form(request.head.content_type, request.body);
    return input_of_bytes(std::move(file.name), bytes_of(file.bytes));
  }
  if (is_type(request.head.content_type, "application/json"))
    return input_of_json(parse_json_object(request.body), folder);
  return input_of_bytes("", bytes_of(request.body));
}

PictureJob job_of(Input input, const std::shared_ptr<http::Reply>& reply, std::shared_ptr<const void> held) {
  PictureJob job;
  job.wanted = [reply] { return !reply->gone(); };
  job.input = std::move(input);
  job.input.bytes = [bytes = std::move(job.input.bytes), held = std::move(held), reply] {
    if (reply->gone()) throw Error(ErrorKind::unreadable, "nobody waits for it any more");
    return bytes();
  };
  return job;
}

std::int64_t seconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string new_chat_id() {
  static std::random_device random;
  std::string id = "chatcmpl-";
  for (int i = 0; i < 24; ++i) id += "0123456789abcdef"[random() % 16];
  return id;
}

/// A request's pictures and what became of them so far.
struct Conversation {
  ChatRequest request;
  ChatCaptions captions;
  std::size_t missing;
  std::optional<Error> error;
};

http::Response chat_response(const Conversation& conversation, const std::string& model) {
  if (conversation.error)
    return problem_response({status_of(conversation.error->kind()),
                             std::string(error_code(conversation.error->kind())),
                             conversation.error->what()});
  const ChatStamp stamp{new_chat_id(), seconds_since_1970(), model};
  if (conversation.request.stream) {
    return {200,
            "text/event-stream",
            chat_events(stamp, conversation.request, conversation.captions),
            {{"Cache-Control", "no-cache"}}};
  }
  return {200,
          "application/json",
          json_line(chat_completion(stamp, conversation.request, conversation.captions)),
          {}};
}

}  // namespace

Api::Api(ApiOptions options, PictureQueue& queue, const http::Server& server,
         const std::atomic<bool>& stopping)
    : options_(std::move(options)), queue_(queue), server_(server), stopping_(stopping) {}

void Api::ready(const std::string& model) {
  model_ = model;
  created_ = seconds_since_1970();
  ready_ = true;
}

http::Response Api::refusal(const Problem& problem) {
  http::Response response = problem_response(problem);
  if (problem.status() == 429 || problem.status() == 503)
    response.headers.emplace_back("Retry-After", std::to_string(queue_.expected_wait().count()));
  if (problem.status() == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

void Api::admit(const http::Head& head) {
  if (options_.hosts && !options_.hosts->know(head.host))
    throw Problem(
        403, "other_host",
        "the Host header does not name this machine: whoever starts the server can allow other names");
  const Route* const route = route_of(path_of(head.target));
  static constexpr std::string_view kScheme = "Bearer ";
  if (options_.token && (route == nullptr || !route->open)) {
    const std::string_view given = head.authorization;
    if (!given.starts_with(kScheme) || !same_secret(given.substr(kScheme.size()), *options_.token))
      throw Problem(401, "unauthorized", "a token is needed: Authorization: Bearer TOKEN");
  }
  if (route == nullptr)
    throw Problem(404, "not_found",
                  "there is POST /caption, POST /v1/chat/completions, GET /v1/models, /healthz and /metrics");
  if (route->post ? head.method != "POST" : head.method != "GET" && head.method != "HEAD")
    throw Problem(405, "method_not_allowed",
                  std::string(route->path) + (route->post ? " takes POST" : " takes GET"));
  if (stopping_) throw Problem(503, "stopping", "the server is being stopped");
  const bool needs_model = route->post || route->path == kModels;
  if (needs_model && !ready_) throw Problem(503, "loading", "the model is being loaded");
  if (route->post && queue_.full())
    throw Problem(429, "busy", "too many pictures are waiting: try again later");
}

std::optional<http::Response> Api::refuse(const http::Head& head) {
  try {
    admit(head);
    return std::nullopt;
  } catch (const Problem& problem) {
    return refusal(problem);
  }
}

void Api::take(http::Request request, std::shared_ptr<http::Reply> reply) {
  const std::string path = path_of(request.head.target);
  try {
    if (path == "/caption") return caption(std::move(request), reply);
    if (path == "/v1/chat/completions") return chat(std::move(request), reply);
    reply->send(get(path));
  } catch (const Problem& problem) {
    reply->send(refusal(problem));
  } catch (const std::bad_alloc&) {
    reply->send(refusal({503, "no_memory", "there is not enough memory for this request now"}));
  }
}

http::Response Api::get(const std::string& path) {
  if (path == "/") return {200, "text/html; charset=utf-8", kFormPage, {}};
  if (path == "/metrics") {
    return {200,
            "text/plain; version=0.0.4; charset=utf-8",
            metrics_.text({ready_, queue_.waiting(), queue_.in_work(), server_.load()}),
            {}};
  }
  if (path == "/healthz") {
    if (!ready_) throw Problem(503, "loading", "the model is being loaded");
    return {200, "application/json", json_line({{"status", "ok"}, {"model", model_}}), {}};
  }
  if (path == kModels) return {200, "application/json", json_line(model_list(model_, created_)), {}};
  if (path != std::string(kModels) + "/" + model_)
    throw Problem(404, "model_not_found", "there is no such model: this server has '" + model_ + "'");
  return {200, "application/json", json_line(model_object(model_, created_)), {}};
}

void Api::add(std::vector<PictureJob> jobs) {
  if (!queue_.add(std::move(jobs)))
    throw Problem(429, "busy", "too many pictures are waiting: try again later");
}

void Api::caption(http::Request request, const Answer& reply) {
  PictureJob job = job_of(input_of(request, options_.folder), reply, request.held);
  job.done = [this, reply](const Record& record) {
    const std::optional<ErrorKind> error = record.error ? std::optional(record.error->kind()) : std::nullopt;
    if (!reply->gone()) metrics_.add_picture(error);
    reply->send({error ? status_of(*error) : 200,
                 "application/json",
                 json_line(record_json(record, model_, options_.captions > 1)),
                 {}});
  };
  std::vector<PictureJob> jobs;
  jobs.push_back(std::move(job));
  add(std::move(jobs));
}

void Api::chat(http::Request request, const Answer& reply) {
  const auto conversation = std::make_shared<Conversation>();
  conversation->request = parse_chat(parse_json_object(request.body), model_, options_.captions);
  std::vector<std::vector<std::byte>> pictures = std::exchange(conversation->request.pictures, {});
  conversation->missing = pictures.size();
  conversation->captions.resize(pictures.size());
  std::vector<PictureJob> jobs;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    jobs.push_back(job_of(input_of_bytes("picture " + std::to_string(i + 1), std::move(pictures[i])), reply,
                          request.held));
    jobs.back().done = [this, conversation, i, reply](const Record& record) {
      if (!reply->gone())
        metrics_.add_picture(record.error ? std::optional(record.error->kind()) : std::nullopt);
      if (record.error && !conversation->error) conversation->error = record.error;
      conversation->captions[i] = record.captions;
      if (--conversation->missing == 0) reply->send(chat_response(*conversation, model_));
    };
  }
  add(std::move(jobs));
}

http::Response Api::problem(unsigned status, const std::string& message) {
  const auto code = [&] {
    switch (status) {
      case 408:
        return "timeout";
      case 413:
        return "too_large";
      case 429:
        return "busy";
      case 503:
        return "deadline";
      default:
        return "bad_request";
    }
  };
  return refusal({status, code(), message});
}

void Api::finished(const http::Exchange& exchange) {
  const Route* const route = route_of(path_of(exchange.target));
  const std::string name = route == nullptr ? "other" : std::string(route->path);
  metrics_.add(name, exchange);
  if (!options_.verbose) return;
  // Sizes and times: nothing that a client wrote.
  log::info(name + " " + std::to_string(exchange.status) + ": " + std::to_string(exchange.bytes_in) +
            " bytes in, " + std::to_string(exchange.bytes_out) + " bytes out, " +
            std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(exchange.time).count()) +
            " ms");
}

}  // namespace caption
