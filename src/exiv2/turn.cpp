#include "exiv2/turn.h"

#include <exiv2/exiv2.hpp>

#include "caption/error.h"

namespace caption {
namespace {

std::mutex& exiv2_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

Turn::Turn() : lock_(exiv2_mutex()) {
  static const bool ready = [] {
    Exiv2::LogMsg::setLevel(Exiv2::LogMsg::mute);
    return Exiv2::XmpParser::initialize();
  }();
  if (!ready) throw Error(ErrorKind::internal, "Exiv2's XMP cannot be used");
}

}  // namespace caption
