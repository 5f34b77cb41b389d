#include "service/parse_json.h"

#include "service/problem.h"

namespace caption {
namespace {

// A conversation has some hundreds of values; each takes up to a hundred times the memory of its text.
constexpr int kMostDepth = 32;
constexpr int kMostValues = 100000;

}  // namespace

Json parse_json_object(std::string_view text) {
  int values = 0;
  const auto guard = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kMostDepth) throw bad_request("the JSON object is nested too deeply");
    if (++values > kMostValues) throw bad_request("the JSON object has too many values");
    return true;
  };
  Json json = Json::parse(text, guard, /*allow_exceptions=*/false);
  if (!json.is_object()) throw bad_request("this is no JSON object");
  return json;
}

}  // namespace caption
