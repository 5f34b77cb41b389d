#pragma once

#include <string>
#include <string_view>

namespace caption {

/// A file that a form or `curl -F` sends.
struct FormFile {
  std::string name;        ///< as the client calls it; may be empty
  std::string_view bytes;  ///< of the body
};

/// The one file in a body of multipart/form-data (RFC 7578): the part with a file's name, or the one that is
/// called "image". Throws Problem(400) if there is none, more than one, or the body is not whole.
FormFile file_of_form(std::string_view content_type, std::string_view body);

}  // namespace caption
