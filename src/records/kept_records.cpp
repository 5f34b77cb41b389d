#include "records/kept_records.h"

#include <fstream>
#include <span>
#include <utility>

#include "caption/error.h"
#include "records/exact_json.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

Json json_of(const Journal::Entry& input) {
  Json json = {{"image", characters_of(input.image)}};
  add_state(input.state, json);
  return json;
}

std::string part_of(const fs::path& file, std::uint64_t begin, std::uint64_t end) {
  std::string bytes(end - begin, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(begin));
  if (!stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    throw Error(ErrorKind::output, "cannot read what is written in '" + file.string() + "'", file);
  return bytes;
}

}  // namespace

std::unique_ptr<KeptRecords> KeptRecords::open(const fs::path& file, std::size_t done) {
  if (!fs::exists(file)) return nullptr;
  std::unique_ptr<KeptRecords> records(new KeptRecords(file));
  for (; records->first_ < done; ++records->first_) records->next();
  return records;
}

KeptRecords::KeptRecords(const fs::path& file) : lines_(file) {
  const std::optional<Json> head = lines_.next();
  if (!head || !head->contains("first") || !head->at("first").is_number_unsigned())
    lines_.refuse("it does not say where it begins");
  first_ = head->at("first").get<std::size_t>();
}

std::optional<KeptRecords::Entry> KeptRecords::next() {
  const std::optional<Json> json = lines_.next();
  if (!json) return std::nullopt;
  const auto image = json->find("image");
  if (image == json->end() || !image->is_string()) lines_.refuse("it names no image");
  Entry entry{{bytes_of(image->get<std::string>()), false, state_in(*json), {}}, {}};
  if (const auto parts = json->find("parts"); parts != json->end()) {
    for (const Json& part : *parts) {
      if (!part.is_string()) lines_.refuse("its parts are no texts");
      entry.parts.push_back(bytes_of(part.get<std::string>()));
    }
  }
  return entry;
}

KeptRecordsWriter::KeptRecordsWriter(const fs::path& file, std::vector<fs::path> files, std::size_t first)
    : files_(std::move(files)), file_(fs::absolute(file), 1) {
  write({{"first", first}});
}

void KeptRecordsWriter::add_again(const Journal::Entry& input) {
  write(json_of(input));
}

void KeptRecordsWriter::add_kept(const Journal::Entry& input, const Journal::Ends& begins) {
  Json json = json_of(input);
  json["parts"] = Json::array();
  for (std::size_t i = 0; i < files_.size(); ++i)
    json["parts"].push_back(characters_of(part_of(files_[i], begins.at(i), input.ends.at(i))));
  write(json);
}

void KeptRecordsWriter::write(const Json& json) {
  const std::string line = json_line(json);
  file_.write(std::as_bytes(std::span(line)));
}

}  // namespace caption
