#include "train/training_log.h"

#include <fstream>

#include "caption/error.h"
#include "records/json.h"

namespace caption {
namespace {

Json sample_json(const ValidationRecord::Sample& sample) {
  return {{"image", sample.image}, {"caption", sample.caption}, {"reference", sample.reference}};
}

}  // namespace

TrainingLog::TrainingLog(const std::filesystem::path& file, std::int64_t updates, std::int64_t validated)
    : output_(file) {
  std::uint64_t end = 0;
  if (updates > 0) {
    std::ifstream stream(file, std::ios::binary);
    for (std::string line; std::getline(stream, line) && !stream.eof() && take(line, updates, validated);)
      end += line.size() + 1;
  }
  output_.cut(end);
}

bool TrainingLog::take(const std::string& line, std::int64_t updates, std::int64_t validated) {
  const Json json = Json::parse(line, nullptr, false);
  try {
    const auto number = json.at("update").get<std::int64_t>();
    if (!json.contains("validation_loss")) {
      if (number > updates) return false;
      updates_.push_back({number, json.at("epoch"), json.at("loss"), json.at("gradient_norm"),
                          json.at("learning_rate"), json.at("seconds")});
      return true;
    }
    if (number > validated) return false;
    ValidationRecord record{number,
                            json.at("epoch"),
                            json.at("validation_loss"),
                            json.at("cider_d"),
                            json.at("bleu_4"),
                            json.at("best"),
                            {}};
    for (const Json& sample : json.at("samples"))
      record.samples.push_back({sample.at("image"), sample.at("caption"), sample.at("reference")});
    validations_.push_back(std::move(record));
    return true;
  } catch (const Json::exception&) {
    return false;  // a line of which a killed process wrote a part
  }
}

void TrainingLog::add(const UpdateRecord& record) {
  updates_.push_back(record);
  output_.write(json_line({{"update", record.number},
                           {"epoch", record.epoch},
                           {"loss", record.loss},
                           {"gradient_norm", record.gradient_norm},
                           {"learning_rate", record.rate},
                           {"seconds", record.seconds}}));
}

void TrainingLog::add(const ValidationRecord& record) {
  validations_.push_back(record);
  Json samples = Json::array();
  for (const ValidationRecord::Sample& sample : record.samples) samples.push_back(sample_json(sample));
  output_.write(json_line({{"update", record.number},
                           {"epoch", record.epoch},
                           {"validation_loss", record.loss},
                           {"cider_d", record.cider_d},
                           {"bleu_4", record.bleu_4},
                           {"best", record.best},
                           {"samples", samples}}));
}

}  // namespace caption
