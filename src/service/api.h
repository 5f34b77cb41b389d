#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "service/chat.h"
#include "service/host_names.h"
#include "service/http.h"
#include "service/metrics.h"
#include "service/picture_folder.h"
#include "service/picture_queue.h"
#include "service/problem.h"

namespace caption {

struct ApiOptions {
  std::optional<std::string> token;       ///< who does not send it gets a 401
  std::optional<HostNames> hosts;         ///< whoever asks for another host gets a 403
  std::size_t captions = 1;               ///< of a picture
  const PictureFolder* folder = nullptr;  ///< whose files may be named; null: none
  bool verbose = false;                   ///< a line for each request: its size and time
};

/// What the service answers: pictures go into a queue, and their records come back as JSON, or as OpenAI's
/// clients expect them.
class Api : public http::Handler {
 public:
  /// Everything must outlive it.
  Api(ApiOptions options, PictureQueue& queue, const http::Server& server, const std::atomic<bool>& stopping);

  /// The model is loaded. Until then there is a 503.
  void ready(const std::string& model);

  std::optional<http::Response> refuse(const http::Head& head) override;
  void take(http::Request request, std::shared_ptr<http::Reply> reply) override;
  http::Response problem(unsigned status, const std::string& message) override;
  void finished(const http::Exchange& exchange) override;

 private:
  using Answer = std::shared_ptr<http::Reply>;

  /// The route of a head. Throws Problem for what it is refused for.
  void admit(const http::Head& head);
  http::Response get(const std::string& path);
  void caption(http::Request request, const Answer& reply);
  void chat(http::Request request, const Answer& reply);
  void add(std::vector<PictureJob> jobs);
  http::Response refusal(const Problem& problem);

  ApiOptions options_;
  PictureQueue& queue_;
  const http::Server& server_;
  const std::atomic<bool>& stopping_;
  ServiceMetrics metrics_;
  std::string model_;  ///< of use when ready_
  std::int64_t created_ = 0;
  std::atomic<bool> ready_ = false;
};

}  // namespace caption
