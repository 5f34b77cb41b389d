#include "pages/html_report.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <optional>
#include <utility>

#include "base/counted.h"
#include "base/printable.h"
#include "pages/html.h"
#include "pages/relative_url.h"
#include "records/flags.h"

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
  std::string search = decode.beam == 1 ? "greedy" : "beam " + std::to_string(decode.beam);
  if (decode.sample) search = "sampled, seed " + std::to_string(decode.seed);
  return search + (decode.rerank == Rerank::clip ? ", ordered by CLIP" : "");
}

/// Nothing where captions are not compared with pictures.
Html similarity(const Caption& caption) {
  if (!caption.similarity) return {};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", *caption.similarity);
  return fill(R"(<span class="similarity soft"><span class="number">{{value}}</span> similarity</span>)",
              {{"value", text.data()}});
}

class HtmlReport : public RecordWriter {
 public:
  HtmlReport(ReportStyle style, Output& output) : style_(std::move(style)), output_(output) {
    // A pipe's or a device's page ends up somewhere else.
    std::error_code ignored;
    if (std::filesystem::is_regular_file(style_.file, ignored)) folder_ = style_.file.parent_path();
  }

  void begin() override {
    const Html head = page_head({"Captions by " + style_.model, {assets::report_css}, {assets::report_js}});
    const Html body = fill(assets::report_html.text, {{"model", style_.model},
                                                      {"search", describe(style_.decode)},
                                                      {"similarity", what_similarity_is()},
                                                      {"time", local_time("%Y-%m-%dT%H:%M:%S%z")},
                                                      {"shown_time", local_time("%-d %B %Y, %H:%M")}});
    output_.write((head + body).text());
  }

  void resume(const BatchSummary& so_far) override { any_failure_ = so_far.failed > 0; }

  void write(const Record& record) override {
    output_.write((record.error ? failure(record) : success(record)).text());
  }

  void finish(const BatchSummary& summary) override {
    Html totals = fill("<span><strong>{{count}} captioned</strong></span>",
                       {{"count", counted(summary.captioned, "image", "images")}});
    if (summary.failed > 0) {
      totals += fill(R"(<span><a href="#failed">{{count}} failed</a></span>)",
                     {{"count", std::to_string(summary.failed)}});
    }
    const Html interrupted = fill(
        R"(<div class="notice page interrupted"><p>The run was interrupted: {{count}} done, the rest not )"
        "tried.</p></div>\n",
        {{"count", counted(summary.captioned + summary.failed, "image was", "images were")}});
    output_.write(
        fill(assets::report_end_html.text, {{"totals", totals},
                                            {"interrupted", summary.interrupted ? interrupted : Html()},
                                            {"foot", page_foot(style_.foot)}})
            .text());
  }

 private:
  Html success(const Record& record) const {
    const Caption& best = record.captions.at(0);
    const std::string words = single_line(best.text);
    return fill(
        R"(<li class="record{{doubtful}}" data-mean="{{mean}}" data-sum="{{sum}}">)"
        R"(<button class="picture" type="button" aria-haspopup="dialog"><img loading="lazy")"
        R"( decoding="async" alt="{{caption}}" src="{{picture}}"></button>)"
        "\n"
        R"(<div class="words"><p class="{{class}}">{{caption}}</p>{{name}}{{score}}{{others}}</div></li>)"
        "\n",
        {{"doubtful", is_doubtful(record) ? " doubtful" : ""},
         {"mean", exact(best.mean_logprob)},
         {"sum", exact(best.score)},
         {"caption", words.empty() ? "(no words)" : words},
         {"picture", data_uri("image/jpeg", record.thumbnail)},
         {"class", words.empty() ? "caption none" : "caption"},
         {"name", name(record)},
         {"score", score(record)},
         {"others", others(record.captions)}});
  }

  Html failure(const Record& record) {
    // The message begins with the name, which stands above it.
    std::string message = record.error->what();
    const std::string prefix = record.image + ": ";
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
    const bool first = !std::exchange(any_failure_, true);
    return fill(
        R"(<li class="failure"{{id}}>{{name}}<p class="message">{{message}} <code>{{code}}</code></p></li>)"
        "\n",
        {{"id", Html::markup(first ? R"( id="failed")" : "")},
         {"name", name(record)},
         {"message", printable(message)},
         {"code", error_code(record.error->kind())}});
  }

  Html name(const Record& record) const {
    Html shown = fill("<bdi>{{name}}</bdi>", {{"name", printable(record.image)}});
    const bool linked = folder_ && record.image != "-" && record.key.empty() &&
                        !(record.error && record.error->kind() == ErrorKind::not_found);
    const std::optional<std::string> url =
        linked ? relative_url(*folder_, record.image) : std::optional<std::string>();
    if (url) shown = fill(R"(<a href="{{url}}">{{name}}</a>)", {{"url", *url}, {"name", shown}});
    return fill(R"(<p class="name">{{name}}</p>)", {{"name", shown}});
  }

  Html what_similarity_is() const {
    if (style_.decode.rerank != Rerank::clip) return {};
    return Html::markup(
        " The similarity is the cosine between what CLIP makes of the picture and what it makes of the "
        "caption; the captions of a picture are ordered by it.");
  }

  static Html score(const Record& record) {
    return fill(
        R"(<p class="score"><svg class="bar" aria-hidden="true"><rect height="100%" width="{{share}}"/>)"
        R"(</svg><span class="number">{{share}}</span> confidence{{remarks}}{{similarity}}</p>)",
        {{"share", percent(record.captions.at(0))},
         {"remarks", remarks(record)},
         {"similarity", similarity(record.captions.at(0))}});
  }

  /// What is to be said of the best caption besides its confidence: nothing, or ": unsure, cut off".
  static std::string remarks(const Record& record) {
    const Caption& best = record.captions.at(0);
    std::string text;
    const auto add = [&text](const std::string& remark) { text += (text.empty() ? ": " : ", ") + remark; };
    if (best.guess) {
      add("in few words");
      add("perhaps \"" + single_line(*best.guess) + "\"");
    } else if (best.unsure) {
      add("unsure");
    }
    if (best.finish == Finish::length) add("cut off");
    if (best.repetition) add("repeats itself");
    if (best.only_prompt) add("only the prompt");
    if (record.truncated) add("picture incomplete");
    if (record.preview) add("a raw file's preview");
    return text;
  }

  static Html others(const std::vector<Caption>& captions) {
    if (captions.size() < 2) return {};
    Html items;
    for (std::size_t i = 1; i < captions.size(); ++i) {
      items += fill(R"(<li><q>{{caption}}</q><span class="number soft">{{share}}</span>{{similarity}}</li>)",
                    {{"caption", single_line(captions[i].text)},
                     {"share", percent(captions[i])},
                     {"similarity", similarity(captions[i])}});
    }
    return fill(
        R"(<details class="others"><summary>{{count}}</summary><ol>{{items}}</ol></details>)",
        {{"count", counted(captions.size() - 1, "other caption", "other captions")}, {"items", items}});
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
