#pragma once

#include <stdexcept>
#include <string>

#include "caption/error.h"
#include "service/http.h"

namespace caption {

/// A request that cannot be answered, and why.
class Problem : public std::runtime_error {
 public:
  /// `status`: of HTTP; `code`: a stable name, as "bad_request".
  Problem(unsigned status, std::string code, const std::string& message)
      : std::runtime_error(message), status_(status), code_(std::move(code)) {}

  unsigned status() const { return status_; }
  const std::string& code() const { return code_; }

 private:
  unsigned status_;
  std::string code_;
};

/// 400 "bad_request"
Problem bad_request(const std::string& message);

/// HTTP's status for a picture without a caption: 415 for a format that is not read, 413 for one that is too
/// large, 404 for none, else 422.
unsigned status_of(ErrorKind kind);

/// {"error": {"code", "message", "type", "param"}}: what the records' readers and OpenAI's clients look for.
http::Response problem_response(const Problem& problem);

}  // namespace caption
