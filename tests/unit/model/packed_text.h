#pragma once

#include <cstddef>
#include <string>

#include "model/packed_header.h"

namespace caption::test {

/// A file of packed matrices without them, up to `payload`: the first line, right for this header, then the
/// header, whatever it is, then zeros.
inline std::string packed_text(const std::string& header, std::size_t payload = std::size_t{2} << 20) {
  std::string text = "caption-packed 1 " + std::to_string(header.size()) + " " + text_hash(header);
  text.resize(63, ' ');
  text += "\n" + header;
  if (text.size() < payload) text.resize(payload, '\0');
  return text;
}

}  // namespace caption::test
