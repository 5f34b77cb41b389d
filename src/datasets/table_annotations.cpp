#include "datasets/table_annotations.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

#include "caption/error.h"
#include "datasets/image_list.h"

namespace caption {
namespace {

using Row = std::vector<std::string>;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// Rows of a table, as RFC 4180 quotes cells; the line that a row begins in, too.
class TableReader {
 public:
  TableReader(std::string_view text, char separator, bool quoted)
      : text_(text), separator_(separator), quoted_(quoted) {}

  bool next(Row& row) {
    if (at_ >= text_.size()) return false;
    row.clear();
    begin_ = line_;
    while (true) {
      row.push_back(cell());
      if (at_ >= text_.size()) return true;
      if (text_[at_++] == separator_) continue;
      ++line_;
      return true;
    }
  }
  std::size_t line() const { return begin_; }
  /// Whether a quotation mark of the last row was never closed.
  bool open() const { return open_; }

 private:
  std::string cell() {
    std::string text;
    if (quoted_ && at_ < text_.size() && text_[at_] == '"') {
      ++at_;
      open_ = true;
      while (at_ < text_.size()) {
        const char c = text_[at_++];
        if (c == '"' && (at_ == text_.size() || text_[at_] != '"')) {
          open_ = false;
          break;
        }
        if (c == '"') ++at_;
        if (c == '\n') ++line_;
        text += c;
      }
    }
    while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n') text += text_[at_++];
    if (text.ends_with('\r') && (at_ == text_.size() || text_[at_] == '\n')) text.pop_back();
    return text;
  }

  std::string_view text_;
  char separator_;
  bool quoted_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t begin_ = 1;
  bool open_ = false;
};

/// Which columns hold what.
struct Columns {
  std::size_t image;
  std::size_t caption;
  std::optional<std::size_t> rank;   ///< of several captions of `caption --format csv`
  std::optional<std::size_t> error;  ///< likewise
  std::optional<std::size_t> split;
};

std::optional<std::size_t> column(const Row& header, const std::vector<std::string_view>& names) {
  for (const std::string_view name : names) {
    for (std::size_t i = 0; i < header.size(); ++i) {
      std::string cell(trimmed(header[i]));
      std::transform(cell.begin(), cell.end(), cell.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      if (cell == name) return i;
    }
  }
  return std::nullopt;
}

std::optional<Columns> columns_of(const Row& header) {
  const auto image = column(header, {"image", "image_name", "file_name", "filename", "file", "filepath",
                                     "path", "image_path", "image_id", "id"});
  const auto caption = column(header, {"caption", "comment", "text", "title", "sentence", "description"});
  if (!image || !caption) return std::nullopt;
  return Columns{*image, *caption, column(header, {"rank"}), column(header, {"error"}),
                 column(header, {"split"})};
}

/// Of the signs that part cells, the one whose header names the columns.
std::optional<char> separator_of(std::string_view line) {
  for (const char separator : {',', '\t', '|', ';'}) {
    Row row;
    if (TableReader(line, separator, true).next(row) && columns_of(row)) return separator;
  }
  return std::nullopt;
}

class Table {
 public:
  Table(const std::string& text, const std::filesystem::path& file, CaptionFields fields)
      : text_(text), file_(file), fields_(fields) {}

  std::vector<AnnotatedImage> read() {
    const std::string_view first = std::string_view(text_).substr(0, text_.find('\n'));
    if (const auto separator = separator_of(first)) {
      read_named(*separator);
    } else if (first.find('\t') != std::string_view::npos) {
      read_pairs();
    } else {
      fail(1,
           "it is neither JSON nor a table: a table's first line names its columns (image and caption), or "
           "has a picture's name, a tab and a caption");
    }
    return images_.take();
  }

 private:
  [[noreturn]] void fail(std::size_t line, const std::string& why) const {
    throw Error(ErrorKind::usage,
                "cannot read '" + file_.string() + "': line " + std::to_string(line) + ": " + why, file_);
  }

  void read_named(char separator) {
    TableReader reader(text_, separator, true);
    Row row;
    reader.next(row);
    const Columns columns = *columns_of(row);
    while (reader.next(row)) {
      if (row.size() == 1 && trimmed(row[0]).empty()) continue;
      if (row.size() <= std::max(columns.image, columns.caption))
        fail(reader.line(), "it has " + std::to_string(row.size()) + " cells: one with a caption is missing");
      AnnotatedImage& image = images_.image(std::string(trimmed(row[columns.image])));
      const auto cell = [&](const std::optional<std::size_t>& at) {
        return at && *at < row.size() ? trimmed(row[*at]) : std::string_view();
      };
      if (columns.split) image.split = cell(columns.split);
      if (!cell(columns.error).empty()) {
        image.failed = true;
        continue;
      }
      if (fields_ == CaptionFields::best && columns.rank && cell(columns.rank) != "1") continue;
      image.captions.emplace_back(trimmed(row[columns.caption]));
    }
    if (reader.open()) fail(reader.line(), "a quotation mark that opens there is never closed");
  }

  void read_pairs() {
    TableReader reader(text_, '\t', false);
    Row row;
    while (reader.next(row)) {
      if (row.size() == 1 && trimmed(row[0]).empty()) continue;
      if (row.size() != 2) fail(reader.line(), "it is no name, tab and caption");
      std::string name = row[0];
      const std::size_t hash = name.rfind('#');
      const bool numbered = hash != std::string::npos && hash + 1 < name.size() &&
                            name.find_first_not_of("0123456789", hash + 1) == std::string::npos;
      if (numbered) name.erase(hash);
      images_.image(name).captions.emplace_back(trimmed(row[1]));
    }
  }

  const std::string& text_;
  const std::filesystem::path& file_;
  CaptionFields fields_;
  ImageList images_;
};

}  // namespace

std::vector<AnnotatedImage> read_table_annotations(const std::string& text, const std::filesystem::path& file,
                                                   CaptionFields fields) {
  return Table(text, file, fields).read();
}

}  // namespace caption
