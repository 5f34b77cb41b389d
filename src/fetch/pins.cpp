#include "fetch/pins.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "files/small_file.h"
#include "model/json_fields.h"

namespace caption {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

Pins::Pins(fs::path file) : file_(std::move(file)), pins_(read()) {}

std::map<std::string, Pins::Pin> Pins::read() const {
  std::map<std::string, Pin> pins;
  std::error_code ignored;
  if (!fs::exists(file_, ignored)) return pins;
  const ordered_json json = parse_json(file_, "file of pinned hashes");
  JsonFields top(json, file_, "");
  for (const auto& [name, value] : json.items()) {
    JsonFields fields = top.object(name);
    pins[name] = {fields.sha256("sha256"), static_cast<std::uint64_t>(fields.positive("bytes")),
                  fields.text("from")};
    fields.finish();
  }
  return pins;
}

std::optional<Pins::Pin> Pins::find(const std::string& name) const {
  const auto found = pins_.find(name);
  return found == pins_.end() ? std::nullopt : std::optional(found->second);
}

void Pins::add(const std::string& name, const Pin& pin) {
  pins_ = read();  // another process may have added one
  if (!pins_.emplace(name, pin).second) return;
  ordered_json json = ordered_json::object();
  for (const auto& [each, value] : pins_)
    json[each] = {{"sha256", value.sha256}, {"bytes", value.bytes}, {"from", value.from}};
  replace_small_file(file_, json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace caption
