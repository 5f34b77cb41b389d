#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eval/lexer.h"

namespace caption::eval {

/// Captions as pycocoevalcap's metrics see them: the tokens of Stanford's PTBTokenizer in lower case, without
/// those that are punctuation, a space between each two. Not to be shared between threads: it learns.
class PtbTokenizer {
 public:
  PtbTokenizer();

  /// Line ends in a caption are blanks. UTF-8; what is none becomes U+FFFD, which is no token. As there, the
  /// captions stand in lines one below the other: whether a full stop belongs to an acronym at the end of a
  /// caption depends on how the next one begins.
  std::vector<std::string> tokenize(const std::vector<std::string_view>& captions);

 private:
  std::string tokenize_one(const std::u16string& caption, const std::u16string& behind);

  Lexer lexer_;
};

}  // namespace caption::eval
