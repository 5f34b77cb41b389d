#include "base/shared_library.h"
#include "service/http.h"

namespace caption::http {

const HttpLibrary& http_library() {
  static const HttpLibrary& library =
      from_module<decltype(&caption_http_library)>("libcaption_http.so", "caption_http_library", "HTTP");
  return library;
}

}  // namespace caption::http
