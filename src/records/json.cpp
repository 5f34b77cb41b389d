#include "records/json.h"

#include "records/flags.h"
#include "records/image_name.h"

namespace caption {

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Json caption_json(const Caption& caption) {
  Json json = {{"caption", caption.text}, {"score", caption.score}, {"mean_logprob", caption.mean_logprob}};
  if (caption.similarity) json["similarity"] = *caption.similarity;
  if (caption.finish) json["finish"] = finish_word(caption);
  if (caption.unsure) json["unsure"] = true;
  if (caption.guess) json["guess"] = *caption.guess;
  if (const auto flags = flags_of(caption); !flags.empty()) json["flags"] = flags;
  return json;
}

Json record_json(const Record& record, const std::string& model, bool several) {
  Json json = image_name_json(record.image);
  if (!record.key.empty()) json["key"] = record.key;
  if (record.error) {
    json["error"] = {{"code", error_code(record.error->kind())}, {"message", record.error->what()}};
  } else {
    const Caption& best = record.captions.at(0);
    json.update(caption_json(best));
    if (const auto flags = flags_of(record, best); !flags.empty()) json["flags"] = flags;
  }
  json["model"] = model;
  if (several && !record.error) {
    json["captions"] = Json::array();
    for (const Caption& caption : record.captions) json["captions"].push_back(caption_json(caption));
  }
  return json;
}

}  // namespace caption
