#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "records/record.h"

namespace caption {

/// Keeps the order in which its fields were written.
using Json = nlohmann::ordered_json;

/// null for no value.
inline Json or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

/// null for a rate that is not known, which is 0.
inline Json known(double rate) {
  return rate > 0 ? Json(rate) : Json();
}

/// On one line, with its end. Always valid UTF-8: what is none becomes U+FFFD.
std::string json_line(const Json& json);

/// {"caption", "score", "mean_logprob", "finish"}, and what else is to be said of it
Json caption_json(const Caption& caption);

/// scripts/schema/record.schema.json; `several`: with "captions", all of them.
Json record_json(const Record& record, const std::string& model, bool several);

}  // namespace caption
