#include "records/writers.h"

#include <array>
#include <charconv>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "base/utf8.h"
#include "records/flags.h"
#include "records/json.h"

namespace caption {
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
    output_.write(json_line(record_json(record, style_.model, style_.several_captions)));
  }

 private:
  RecordStyle style_;
  Output& output_;
};

class CsvWriter : public RecordWriter {
 public:
  CsvWriter(RecordStyle style, Output& output)
      : safe_(style.format == RecordFormat::csv_safe),
        similarities_(style.similarities),
        model_(std::move(style.model)),
        output_(output) {}

  void begin() override {
    output_.write(std::string("image,rank,caption,score,mean_logprob,model,error,message,finish,flags") +
                  (similarities_ ? ",similarity" : "") + "\r\n");
  }

  void write(const Record& record) override {
    std::string rows;
    if (record.error) {
      rows = row({text(record.image), "", "", "", "", model_, std::string(error_code(record.error->kind())),
                  text(record.error->what()), "", "", ""});
    }
    for (std::size_t i = 0; i < record.captions.size(); ++i) {
      const Caption& caption = record.captions[i];
      rows += row({text(record.image), std::to_string(i + 1),
                   text(single_line(replace_invalid_utf8(caption.text))), number(caption.score),
                   number(caption.mean_logprob), model_, "", "", finish_word(caption),
                   joined(flags_of(record, caption)), caption.similarity ? number(*caption.similarity) : ""});
    }
    output_.write(rows);
  }

 private:
  /// A cell that others can fill.
  std::string text(const std::string& cell) const {
    // What spreadsheets take for the start of a formula (CWE-1236).
    const bool formula =
        !cell.empty() && std::string_view("=+-@\t\r").find(cell.front()) != std::string_view::npos;
    return safe_ && formula ? "'" + cell : cell;
  }

  /// The last one is the similarity.
  std::string row(const std::array<std::string, 11>& fields) const {
    std::string line;
    for (const std::string& field :
         std::span(fields).first(similarities_ ? fields.size() : fields.size() - 1)) {
      if (&field != fields.data()) line += ',';
      line += quoted(field);
    }
    return line + "\r\n";
  }

  /// With a space between two.
  static std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
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
    std::array<char, 32> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
  }

  bool safe_;
  bool similarities_;
  std::string model_;
  Output& output_;
};

class FailedList : public RecordWriter {
 public:
  FailedList(char separator, bool doubtful, Output& output, std::function<void(const std::string&)> left_out)
      : separator_(separator), doubtful_(doubtful), output_(output), left_out_(std::move(left_out)) {}

  void write(const Record& record) override {
    const bool listed = record.error || (doubtful_ && is_doubtful(record));
    // The bytes of standard input are gone.
    if (!listed || record.image == "-") return;
    if (record.image.find(separator_) != std::string::npos) {
      left_out_(record.image);
      return;
    }
    output_.write(record.image + separator_);
  }

 private:
  char separator_;
  bool doubtful_;
  Output& output_;
  std::function<void(const std::string&)> left_out_;
};

}  // namespace

std::unique_ptr<RecordWriter> make_writer(const RecordStyle& style, Output& output) {
  switch (style.format) {
    case RecordFormat::jsonl:
      return std::make_unique<JsonWriter>(style, output);
    case RecordFormat::csv:
    case RecordFormat::csv_safe:
      return std::make_unique<CsvWriter>(style, output);
    case RecordFormat::text:
      break;
  }
  return std::make_unique<TextWriter>(style, output);
}

std::unique_ptr<RecordWriter> make_failed_list(char separator, bool doubtful, Output& output,
                                               std::function<void(const std::string& name)> left_out) {
  return std::make_unique<FailedList>(separator, doubtful, output, std::move(left_out));
}

}  // namespace caption
