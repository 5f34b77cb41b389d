#include "train/caption_set.h"

#include <string_view>

#include "caption/error.h"

namespace caption {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";

std::string without_end(std::string text, std::string_view end) {
  if (!end.empty() && text.ends_with(end)) text.resize(text.size() - end.size());
  return tidy(text);
}

}  // namespace

std::string tidy(const std::string& text) {
  std::string tidied;
  for (const char c : text) {
    if (kWhiteSpace.find(c) == std::string_view::npos) {
      tidied += c;
    } else if (!tidied.empty() && tidied.back() != ' ') {
      tidied += ' ';
    }
  }
  if (!tidied.empty() && tidied.back() == ' ') tidied.pop_back();
  return tidied;
}

Examples encode_captions(const CaptionSet& set, const Tokenizer& tokenizer, const CaptionRule& rule) {
  const Piece stop = tokenizer.piece(rule.stop_token);
  Examples examples;
  for (std::size_t picture = 0; picture < set.size(); ++picture) {
    for (const std::string& caption : set.captions[picture]) {
      const std::string text = stop.special ? tidy(caption) : without_end(tidy(caption), stop.bytes);
      Example example{picture, {}};
      try {
        example.tokens = tokenizer.encode(text);
      } catch (const Error& error) {
        throw Error(error.kind(), "a caption of " + set.names[picture] + ": " + error.what());
      }
      example.tokens.push_back(rule.stop_token);
      if (example.tokens.size() > rule.most_tokens) {
        example.tokens.resize(rule.most_tokens);
        ++examples.cut;
      }
      examples.tokens += static_cast<std::int64_t>(example.tokens.size());
      examples.all.push_back(std::move(example));
    }
  }
  return examples;
}

}  // namespace caption
