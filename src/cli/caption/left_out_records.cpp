#include "cli/caption/left_out_records.h"

#include <optional>
#include <string>

#include "records/image_name.h"

namespace caption::cli {

void LeftOutRecords::add(const LeftOutName& name) {
  Json json = image_name_json(name.name);
  json["left_out"] = {{"code", name.code()}, {"message", name.message()}};
  lines_.add(json_line(json));
}

void LeftOutRecords::write(Output& output) {
  lines_.rewind();
  while (const std::optional<std::string> line = lines_.next()) output.write(*line);
}

}  // namespace caption::cli
