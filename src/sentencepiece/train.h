#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace caption {

/// As train_sentencepiece (text/tokenizer.h).
std::string train_tokenizer(const std::vector<std::string>& texts, std::int32_t size);

}  // namespace caption
