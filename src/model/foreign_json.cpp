#include "model/foreign_json.h"

#include <system_error>

#include "model/json_fields.h"

namespace caption {

std::optional<ForeignJson> read_foreign_json(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return std::nullopt;
  nlohmann::ordered_json json = parse_json(file, "model's configuration");
  if (!json.is_object()) return std::nullopt;
  return ForeignJson(file, std::move(json));
}

}  // namespace caption
