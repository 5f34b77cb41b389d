#include "pages/train_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/printable.h"
#include "pages/html.h"

namespace caption {
namespace {

constexpr double kWidth = 640;
constexpr double kHeight = 260;
constexpr double kLeft = 44;  // of the plot inside of the drawing
constexpr double kBottom = 236;
constexpr double kTop = 8;
constexpr double kRight = 632;
constexpr int kReloadSeconds = 20;

std::string number(const char* pattern, double value) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), pattern, value);
  return text.data();
}

/// Where a chart's values lie.
struct Frame {
  double last = 1;  ///< x, from 0 on
  double low = 0;   ///< y
  double high = 1;

  double across(double x) const { return kLeft + (kRight - kLeft) * x / last; }
  double down(double y) const { return kBottom - (kBottom - kTop) * (y - low) / (high - low); }
};

/// 1, 2 or 5 times a power of ten: lines of a grid so far apart are about four in `range`.
double grid_step(double range) {
  const double power = std::pow(10, std::floor(std::log10(range / 4)));
  for (const double times : {1.0, 2.0, 5.0})
    if (range / (power * times) <= 5) return power * times;
  return power * 10;
}

Frame frame_of(const TrainPage::Chart& chart) {
  Frame frame;
  bool any = false;
  for (const TrainPage::Curve& curve : chart.curves) {
    for (const TrainPage::Point& point : curve.points) {
      frame.last = std::max(frame.last, point.x);
      frame.low = any ? std::min(frame.low, point.y) : point.y;
      frame.high = any ? std::max(frame.high, point.y) : point.y;
      any = true;
    }
  }
  if (frame.high - frame.low < 1e-6) frame.high = frame.low + 1;
  const double step = grid_step(frame.high - frame.low);
  frame.low = std::floor(frame.low / step) * step;
  frame.high = std::ceil(frame.high / step) * step;
  return frame;
}

Html grid_lines(const Frame& frame) {
  Html lines;
  const double step = grid_step(frame.high - frame.low);
  for (double y = frame.low; y < frame.high + step / 2; y += step) {
    lines += fill(
        R"(<line x1="{{left}}" x2="{{right}}" y1="{{y}}" y2="{{y}}"/><text x="{{at}}" y="{{below}}" text-anchor="end">{{value}}</text>)",
        {{"left", number("%.0f", kLeft)},
         {"right", number("%.0f", kRight)},
         {"y", number("%.1f", frame.down(y))},
         {"at", number("%.0f", kLeft - 6)},
         {"below", number("%.1f", frame.down(y) + 4)},
         {"value", number("%.4g", std::abs(y) < step / 1e6 ? 0 : y)}});
  }
  return lines + fill(R"(<text x="{{x}}" y="{{y}}" text-anchor="end">{{last}} updates</text>)",
                      {{"x", number("%.0f", kRight)},
                       {"y", number("%.0f", kHeight - 6)},
                       {"last", number("%.0f", frame.last)}});
}

std::string_view look(std::size_t curve) {
  return curve == 0 ? "first" : "second";
}

Html drawing(const TrainPage::Chart& chart) {
  const Frame frame = frame_of(chart);
  Html html = grid_lines(frame);
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    std::string points;
    for (const TrainPage::Point& point : chart.curves[i].points)
      points += number("%.1f", frame.across(point.x)) + "," + number("%.1f", frame.down(point.y)) + " ";
    html +=
        fill(R"(<polyline class="{{look}}" points="{{points}}"/>)", {{"look", look(i)}, {"points", points}});
    if (chart.curves[i].points.size() == 1) {
      const TrainPage::Point& point = chart.curves[i].points[0];
      html += fill(R"(<circle class="{{look}}" r="3" cx="{{x}}" cy="{{y}}"/>)",
                   {{"look", look(i)},
                    {"x", number("%.1f", frame.across(point.x))},
                    {"y", number("%.1f", frame.down(point.y))}});
    }
  }
  return html;
}

Html chart_html(const TrainPage::Chart& chart) {
  Html keys;
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    const TrainPage::Curve& curve = chart.curves[i];
    const std::string latest = curve.points.empty() ? "none yet" : number("%.4g", curve.points.back().y);
    keys += fill(
        R"(<span><svg viewBox="0 0 12 6" aria-hidden="true"><rect class="{{look}}" width="12" height="6" rx="2"/></svg>{{name}} <span class="number">{{latest}}</span></span>)",
        {{"look", look(i)}, {"name", curve.name}, {"latest", latest}});
  }
  return fill(
      R"(<section class="chart"><h3>{{title}}</h3><p class="keys">{{keys}}</p><svg viewBox="0 0 {{width}} {{height}}" role="img" aria-label="{{title}}">{{drawing}}</svg></section>)"
      "\n",
      {{"title", chart.title},
       {"keys", keys},
       {"width", number("%.0f", kWidth)},
       {"height", number("%.0f", kHeight)},
       {"drawing", drawing(chart)}});
}

Html sample_html(const TrainPage::Sample& sample) {
  Html captions;
  for (const auto& [update, caption] : sample.captions)
    captions += fill(R"(<li><span class="number soft">{{update}}</span><span>{{caption}}</span></li>)",
                     {{"update", update}, {"caption", single_line(caption)}});
  return fill(
      R"(<li class="card"><ol>{{captions}}</ol><p class="reference">{{reference}}</p><p class="name"><bdi>{{image}}</bdi></p></li>)"
      "\n",
      {{"captions", captions},
       {"reference", single_line(sample.reference)},
       {"image", printable(sample.image)}});
}

}  // namespace

std::string train_page(const TrainPage& page) {
  Html charts;
  for (const TrainPage::Chart& chart : page.charts) charts += chart_html(chart);
  Html samples;
  for (const TrainPage::Sample& sample : page.samples) samples += sample_html(sample);
  Html settings;
  for (const auto& [name, value] : page.settings)
    settings += fill("<div><dt>{{name}}</dt><dd>{{value}}</dd></div>\n", {{"name", name}, {"value", value}});
  const Html body = fill(assets::train_html.text, {{"title", page.title},
                                                   {"state", page.state},
                                                   {"charts", charts},
                                                   {"samples", samples},
                                                   {"settings", settings},
                                                   {"program", page.program}});
  return (page_head(
              {"Training of " + page.title, {assets::train_css}, {}, page.running ? kReloadSeconds : 0}) +
          body)
      .text();
}

}  // namespace caption
