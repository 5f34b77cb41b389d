#include "service/problem.h"

#include "records/json.h"

namespace caption {

Problem bad_request(const std::string& message) {
  return {400, "bad_request", message};
}

unsigned status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::unsupported_format:
      return 415;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::not_found:
      return 404;
    default:
      return 422;
  }
}

http::Response problem_response(const Problem& problem) {
  const bool clients = problem.status() < 500;
  const Json json = {{"error",
                      {{"code", problem.code()},
                       {"message", problem.what()},
                       {"type", clients ? "invalid_request_error" : "server_error"},
                       {"param", nullptr}}}};
  return {problem.status(), "application/json", json_line(json), {}};
}

}  // namespace caption
