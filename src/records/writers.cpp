#include "records/writers.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/printable.h"
#include "base/log.h"

namespace caption::cli {
namespace {

class TextWriter : public RecordWriter {
 public:
  TextWriter(RecordStyle style, Output& output) : style_(std::move(style)), output_(output) {}

  void write(const Record& record) override {
    std::string name;
    if (style_.with_name) {
      name = printable(record.image);
      if (style_.coloured) name = "\x1b[35m" + name + "\x1b[0m";
      name += '\t';
    }
    std::string lines;
    for (const Caption& caption : record.captions) lines += name + single_line(caption.text) + '\n';
    output_.write(lines);
  }

 private:
  RecordStyle style_;
  Output& output_;
};

class JsonWriter : public RecordWriter {
 public:
  JsonWriter(RecordStyle style, Output& output) : style_(std::move(style)), output_(output) {}

  void write(const Record& record) override {
    Json json = {{"image", record.image}};
    if (record.error) {
      json["error"] = {{"code", error_code(record.error->kind())}, {"message", record.error->what()}};
    } else {
      json.update(fields(record.captions.at(0)));
    }
    json["model"] = style_.model;
    if (style_.several_captions && !record.error) {
      json["captions"] = Json::array();
      for (const Caption& caption : record.captions) json["captions"].push_back(fields(caption));
    }
    output_.write(json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n');
  }

 private:
  using Json = nlohmann::ordered_json;

  static Json fields(const Caption& caption) {
    return {{"caption", caption.text}, {"score", caption.score}, {"mean_logprob", caption.mean_logprob}};
  }

  RecordStyle style_;
  Output& output_;
};

class CsvWriter : public RecordWriter {
 public:
  CsvWriter(RecordStyle style, Output& output) : style_(std::move(style)), output_(output) {}

  void begin() override { output_.write("image,rank,caption,score,mean_logprob,model,error,message\r\n"); }

  void write(const Record& record) override {
    std::string rows;
    if (record.error) {
      rows = row({record.image, "", "", "", "", style_.model, std::string(error_code(record.error->kind())),
                  record.error->what()});
    }
    for (std::size_t i = 0; i < record.captions.size(); ++i) {
      const Caption& caption = record.captions[i];
      rows += row({record.image, std::to_string(i + 1), caption.text, number(caption.score),
                   number(caption.mean_logprob), style_.model, "", ""});
    }
    output_.write(rows);
  }

 private:
  static std::string row(const std::array<std::string, 8>& fields) {
    std::string line;
    for (const std::string& field : fields) {
      if (&field != fields.data()) line += ',';
      line += quoted(field);
    }
    return line + "\r\n";
  }

  static std::string quoted(const std::string& field) {
    if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
    std::string result = "\"";
    for (const char c : field) {
      if (c == '"') result += '"';
      result += c;
    }
    return result + '"';
  }

  /// The shortest text that reads back as the same number.
  static std::string number(double value) {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
  }

  RecordStyle style_;
  Output& output_;
};

class FailedList : public RecordWriter {
 public:
  FailedList(char separator, Output& output) : separator_(separator), output_(output) {}

  void write(const Record& record) override {
    // The bytes of standard input are gone.
    if (!record.error || record.image == "-") return;
    if (record.image.find(separator_) != std::string::npos) {
      log::warning("the name '" + printable(record.image) +
                   "' has a line break: --failed needs --null to keep it");
      return;
    }
    output_.write(record.image + separator_);
  }

 private:
  char separator_;
  Output& output_;
};

}  // namespace

std::unique_ptr<RecordWriter> make_writer(const RecordStyle& style, Output& output) {
  switch (style.format) {
    case Format::jsonl:
      return std::make_unique<JsonWriter>(style, output);
    case Format::csv:
      return std::make_unique<CsvWriter>(style, output);
    case Format::text:
      break;
  }
  return std::make_unique<TextWriter>(style, output);
}

std::unique_ptr<RecordWriter> make_failed_list(char separator, Output& output) {
  return std::make_unique<FailedList>(separator, output);
}

}  // namespace caption::cli
