#include "pages/html_report.h"

#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <optional>
#include <utility>

#include "base/printable.h"
#include "pages/html.h"
#include "pages/relative_url.h"

namespace caption {
namespace {

/// The shortest text that reads back as the same number.
std::string exact(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// The geometric mean of the tokens' probabilities.
std::string percent(const Caption& caption) {
  return std::to_string(std::lround(100 * std::exp(caption.mean_logprob))) + "%";
}

std::string local_time(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

std::string describe(const DecodeOptions& decode) {
  if (decode.sample) return "sampled, seed " + std::to_string(decode.seed);
  return decode.beam == 1 ? "greedy" : "beam " + std::to_string(decode.beam);
}

std::string count(std::size_t number, const std::string& one, const std::string& several) {
  return std::to_string(number) + " " + (number == 1 ? one : several);
}

constexpr const char* kAbout =
    "<details class=\"about page\"><summary>What does the confidence mean?</summary><p>It is the probability "
    "that "
    "the model gave to its own words, one after the other, as an average (the geometric mean over the "
    "caption's tokens). It says how sure the model was, not that it was right: use it to compare pictures of "
    "one run, and look at the least confident first.</p></details>\n";

constexpr const char* kUnfinished =
    "<div class=\"notice page unfinished\"><p>This report is not complete: its run is still going on, or was "
    "cut off.</p></div>\n";

class HtmlReport : public RecordWriter {
 public:
  HtmlReport(ReportStyle style, Output& output) : style_(std::move(style)), output_(output) {
    // A pipe's or a device's page ends up somewhere else.
    std::error_code ignored;
    if (std::filesystem::is_regular_file(style_.file, ignored)) folder_ = style_.file.parent_path();
  }

  void begin() override {
    std::string page = page_head({"Captions by " + style_.model, {assets::report_css}, {assets::report_js}});
    page +=
        "<a class=\"skip\" href=\"#records\">Skip to the captions</a>\n<header class=\"top page\">\n"
        "<p class=\"brand\">caption</p>\n<h1>Captions</h1>\n";
    page += "<p class=\"run soft\">" + element("span", "", "Model " + escape_html(style_.model)) +
            element("span", "", describe(style_.decode)) +
            element("span", "",
                    element("time", attribute("datetime", local_time("%Y-%m-%dT%H:%M:%S%z")),
                            local_time("%-d %B %Y, %H:%M"))) +
            "</p>\n";
    page.append("<div class=\"theme\"></div>\n</header>\n").append(kAbout).append(kUnfinished);
    page.append(assets::report_html.text);
    page +=
        "<main class=\"page\">\n<h2 class=\"spoken\">Images</h2>\n<ol class=\"records\" id=\"records\">\n";
    output_.write(page);
  }

  void write(const Record& record) override {
    output_.write(record.error ? failure(record) : success(record));
  }

  void finish(const BatchSummary& summary) override {
    std::string page = "</ol>\n</main>\n<p class=\"totals page\">";
    page += element("span", "",
                    element("strong", "", count(summary.captioned, "image", "images") + " captioned"));
    if (summary.failed > 0) {
      page +=
          element("span", "", element("a", " href=\"#failed\"", std::to_string(summary.failed) + " failed"));
    }
    page += "</p>\n";
    if (summary.interrupted) {
      page += "<div class=\"notice page interrupted\"><p>The run was interrupted: " +
              count(summary.captioned + summary.failed, "image was", "images were") +
              " done, the rest not tried.</p></div>\n";
    }
    page += element("footer", " class=\"bottom page\"", "Written by " + escape_html(style_.program) + "\n");
    output_.write(page + "\n</body>\n</html>\n");
  }

 private:
  std::string success(const Record& record) const {
    const Caption& best = record.captions.at(0);
    const std::string words = single_line(best.text);
    const std::string shown = words.empty() ? "(no words)" : words;
    std::string item = element("button", " class=\"picture\" type=\"button\" aria-haspopup=\"dialog\"",
                               "<img loading=\"lazy\" decoding=\"async\"" + attribute("alt", shown) +
                                   attribute("src", data_uri("image/jpeg", record.thumbnail)) + ">");
    std::string text =
        element("p", words.empty() ? " class=\"caption none\"" : " class=\"caption\"", escape_html(shown));
    text += name(record) + score(best) + others(record.captions);
    item += "\n" + element("div", " class=\"words\"", text);
    const std::string numbers =
        attribute("data-mean", exact(best.mean_logprob)) + attribute("data-sum", exact(best.score));
    return element("li", " class=\"record\"" + numbers, item) + "\n";
  }

  std::string failure(const Record& record) {
    // The message begins with the name, which stands above it.
    std::string message = record.error->what();
    const std::string prefix = record.image + ": ";
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
    const std::string code = element("code", "", std::string(error_code(record.error->kind())));
    const std::string text = element("p", " class=\"message\"", escape_html(printable(message)) + " " + code);
    const std::string id = std::exchange(any_failure_, true) ? "" : " id=\"failed\"";
    return element("li", " class=\"failure\"" + id, name(record) + text) + "\n";
  }

  std::string name(const Record& record) const {
    const std::string shown = element("bdi", "", escape_html(printable(record.image)));
    const bool linked =
        folder_ && record.image != "-" && !(record.error && record.error->kind() == ErrorKind::not_found);
    const std::optional<std::string> url =
        linked ? relative_url(*folder_, record.image) : std::optional<std::string>();
    return element("p", " class=\"name\"", url ? element("a", attribute("href", *url), shown) : shown);
  }

  static std::string score(const Caption& caption) {
    const std::string share = percent(caption);
    return element("p", " class=\"score\"",
                   "<svg class=\"bar\" aria-hidden=\"true\"><rect height=\"100%\"" +
                       attribute("width", share) + "/></svg>" + element("span", " class=\"number\"", share) +
                       " confidence");
  }

  static std::string others(const std::vector<Caption>& captions) {
    if (captions.size() < 2) return {};
    std::string items;
    for (std::size_t i = 1; i < captions.size(); ++i) {
      items += element("li", "",
                       element("q", "", escape_html(single_line(captions[i].text))) +
                           element("span", " class=\"number soft\"", percent(captions[i])));
    }
    return element("details", " class=\"others\"",
                   element("summary", "", count(captions.size() - 1, "other caption", "other captions")) +
                       element("ol", "", items));
  }

  ReportStyle style_;
  Output& output_;
  std::optional<std::filesystem::path> folder_;  ///< from which images are linked, if they are
  bool any_failure_ = false;
};

}  // namespace

std::unique_ptr<RecordWriter> make_html_report(const ReportStyle& style, Output& output) {
  return std::make_unique<HtmlReport>(style, output);
}

}  // namespace caption
