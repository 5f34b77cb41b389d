#include "caption/error.h"

#include <utility>

namespace caption {

std::string_view error_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::unreadable:
      return "unreadable";
    case ErrorKind::unsupported_format:
      return "unsupported_format";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::too_large:
      return "too_large";
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::model:
      return "model";
    case ErrorKind::output:
      return "output";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

bool concerns_one_image(ErrorKind kind) {
  return kind <= ErrorKind::too_large;
}

Error::Error(ErrorKind kind, const std::string& message, std::filesystem::path path)
    : std::runtime_error(message), kind_(kind), path_(std::move(path)) {}

}  // namespace caption
