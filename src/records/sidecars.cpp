#include "records/sidecars.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "base/printable.h"
#include "caption/error.h"
#include "files/small_file.h"
#include "records/json.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// What is in `file`, with a line's end behind it if it has anything; nothing if there is no such file.
std::string lines_in(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad())
    throw Error(ErrorKind::output, "cannot read '" + file.string() + "' to append to it", file);
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

class Sidecars : public RecordWriter {
 public:
  Sidecars(SidecarStyle style, std::function<fs::path()> next_file)
      : style_(std::move(style)), next_file_(std::move(next_file)) {}

  void write(const Record& record) override {
    const fs::path file = next_file_();
    if (record.error) return;
    if (style_.format == SidecarFormat::json)
      return replace_small_file(file, json_line(record_json(record, style_.model, style_.several_captions)));
    const std::string text = single_line(record.captions.at(0).text);
    if (text.find_first_not_of(' ') == std::string::npos) return;
    const std::string line = style_.prefix + text + style_.suffix + '\n';
    replace_small_file(file, (style_.append ? lines_in(file) : std::string()) + line);
  }

 private:
  SidecarStyle style_;
  std::function<fs::path()> next_file_;
};

}  // namespace

fs::path sidecar_of(const fs::path& image, SidecarFormat format) {
  fs::path file = image;
  return file.replace_extension(format == SidecarFormat::json ? ".json" : ".txt");
}

std::unique_ptr<RecordWriter> make_sidecars(SidecarStyle style, std::function<fs::path()> next_file) {
  return std::make_unique<Sidecars>(std::move(style), std::move(next_file));
}

}  // namespace caption
