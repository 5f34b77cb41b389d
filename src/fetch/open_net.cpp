#include "base/shared_library.h"
#include "fetch/transfer.h"

namespace caption {

const NetLibrary& net_library() {
  static const NetLibrary& library =
      from_module<decltype(&caption_net_library)>("libcaption_net.so", "caption_net_library", "downloads");
  return library;
}

}  // namespace caption
