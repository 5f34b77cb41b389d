#include "records/flags.h"

namespace caption {

std::string finish_word(const Caption& caption) {
  if (!caption.finish) return {};
  return *caption.finish == Finish::stop ? "stop" : "length";
}

std::vector<std::string> flags_of(const Caption& caption) {
  std::vector<std::string> flags;
  if (caption.repetition) flags.emplace_back("repetition");
  if (caption.only_prompt) flags.emplace_back("only_prompt");
  return flags;
}

std::vector<std::string> flags_of(const Record& record, const Caption& caption) {
  std::vector<std::string> flags = flags_of(caption);
  if (record.truncated) flags.emplace_back("truncated");
  if (record.preview) flags.emplace_back("preview");
  return flags;
}

bool is_doubtful(const Record& record) {
  if (record.error) return false;
  const Caption& best = record.captions.at(0);
  return best.text.empty() || best.unsure || best.finish == Finish::length || record.truncated ||
         !flags_of(best).empty();
}

}  // namespace caption
