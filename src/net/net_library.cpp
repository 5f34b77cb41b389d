#include "net/curl_session.h"

const caption::NetLibrary* caption_net_library() {
  static constexpr caption::NetLibrary kLibrary = {.open_session = &caption::open_curl_session};
  return &kLibrary;
}
