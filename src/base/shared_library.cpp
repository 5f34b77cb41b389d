#include "base/shared_library.h"

#include "caption/error.h"

namespace caption {

std::filesystem::path beside(const std::string& library) {
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(&beside), &here) == 0)
    throw Error(ErrorKind::internal, "cannot find the folder of the engine");
  return std::filesystem::path(here.dli_fname).parent_path() / library;
}

}  // namespace caption
