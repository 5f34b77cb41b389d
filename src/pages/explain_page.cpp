#include "pages/explain_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/printable.h"
#include "pages/html.h"

namespace caption {
namespace {

constexpr int kMap = 96;  ///< side of a heat map; browsers enlarge it smoothly

constexpr double kNearlyCertain = -0.01;

constexpr const char* kNotes =
    R"(<section class="notes"><h2>How to read this page</h2>
<div class="columns"><div><h3>What it shows</h3>
<p>A square of the picture is painted over with the colours at its edges, once around each cell of a grid, and the
model reads the same caption again. Where a word then becomes less likely, the map glows: what is there speaks for the word. Blue
is the reverse: the word becomes likelier when that part is hidden.</p>
<p>The numbers are losses of log-probability (natural logarithm). A loss of 1 makes a word 2.7 times less likely,
2.3 ten times, 4.6 a hundred times. Every word has its own scale: the lightest yellow is its largest loss, but
never less than 1, so the map of a word that loses nothing stays dark. Compare words by their numbers, not by their colours.</p>
</div><div><h3>What it does not show</h3>
<ul><li>It is about this model, not about the world: a word can be wrong and its map clear.</li>
<li>Each word is tested with the words before it given. “A”, “of” or “.” often have no place, because
the sentence alone demands them.</li>
<li>It is no attention map, and nothing here is a proof of cause: what is painted over is itself something to see.</li>
<li>If two places tell the same, either can be hidden without loss, and both look cold.</li>
<li>Nothing finer than the square that is hidden can be told apart.</li></ul>
</div></div></section>
)";

template <typename... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), pattern, arguments...);
  return text.data();
}

/// "13 times less likely"
std::string less_likely(double drop) {
  const double factor = std::exp(drop);
  if (factor < 1.95) return format("%.0f%% less likely", 100 * (1 - 1 / factor));
  if (factor < 9.95) return format("%.1f times less likely", factor);
  return factor < 10000 ? format("%.0f times less likely", factor) : "over 10000 times less likely";
}

std::string bar(double logprob) {
  return "<svg class=\"bar\" aria-hidden=\"true\"><rect height=\"100%\"" +
         attribute("width", format("%.2f%%", 100 * std::exp(logprob))) + "/></svg>";
}

std::string number(const std::string& text) {
  return element("span", " class=\"number\"", text);
}

class ExplanationPage {
 public:
  ExplanationPage(const ExplainedImage& explained, const ExplanationPictures& pictures)
      : explained_(explained), explanation_(explained.explanation), pictures_(pictures) {}

  std::string write(const std::string& program) const {
    std::string page =
        page_head({"Why these words? " + explained_.image, {assets::explain_css}, {assets::explain_js}});
    page += head() + "<main class=\"page\">\n" + stage() + gallery() + table() + kNotes + "</main>\n";
    page += element("footer", " class=\"bottom page\"", "Written by " + escape_html(program) + "\n");
    return page + "\n</body>\n</html>\n";
  }

 private:
  std::string head() const {
    const std::string facts[] = {
        element("bdi", " class=\"name\"", escape_html(printable(explained_.image))),
        "Model " + escape_html(explained_.model), format("score %.3f", explanation_.caption.score),
        format("%d × %d squares of %d pixels, hidden one by one in the %d × %d that the model sees",
               explanation_.grid, explanation_.grid, explanation_.window, explanation_.resolution,
               explanation_.resolution)};
    std::string line;
    for (const std::string& fact : facts) line += element("span", "", fact);
    return "<header class=\"top page\">\n<p class=\"brand\">caption explain</p>\n<h1>Why these "
           "words?</h1>\n" +
           element("p", " class=\"run soft\"", line) + "\n<div class=\"theme\"></div>\n</header>\n";
  }

  std::string heat_uri(std::span<const double> heat, int cells) const {
    return data_uri("image/png", pictures_.draw_heat(heat, cells, kMap));
  }

  /// The colours from a full gain to a full loss, drawn as a map is.
  std::string legend() const {
    constexpr int kSteps = 32;
    std::vector<double> ramp;
    ramp.reserve(std::size_t{kSteps} * kSteps);
    for (int i = 0; i < kSteps * kSteps; ++i) {
      ramp.push_back(kLeastFullHeat * (2.0 * (i % kSteps) / (kSteps - 1) - 1));
    }
    return "<p class=\"legend\"><img alt=\"Colours from blue over nothing to light yellow\"" +
           attribute("src", heat_uri(ramp, kSteps)) +
           "><span class=\"number\" data-low>gain</span><span class=\"number\">0</span>"
           "<span class=\"number\" data-high>loss</span></p>";
  }

  /// The picture and the caption, whose words are buttons once the script is there.
  std::string stage() const {
    std::string words;
    for (std::size_t i = 0; i < explanation_.words.size(); ++i) {
      const ExplainedWord& word = explanation_.words[i];
      const bool apart = i > 0 && begins_apart(word);
      words +=
          (apart ? " " : "") + element("span", " class=\"word\"" + attribute("data-word", std::to_string(i)),
                                       escape_html(shown_word(word)));
    }
    std::string details;
    for (std::size_t i = 0; i < explanation_.words.size(); ++i) details += detail(i);
    return "<section class=\"stage\" aria-label=\"The caption, word by word\">\n<figure><div class=\"stack\">"
           "<svg class=\"ground\" viewBox=\"0 0 100 100\" role=\"img\"" +
           attribute("aria-label", "The picture: " + explanation_.caption.text) +
           "><image id=\"square\" width=\"100\" height=\"100\" preserveAspectRatio=\"none\"" +
           attribute("href", data_uri("image/jpeg", pictures_.square)) +
           "/></svg><img class=\"heat\" id=\"heat\" alt=\"\" hidden></div>\n<figcaption>" + legend() +
           "</figcaption></figure>\n<div class=\"told\"><p class=\"line\">" + words +
           "</p>\n<p class=\"hint soft\" hidden>Point at a word, or step through them with the arrow "
           "keys. Point at the picture to see it plain.</p>\n" +
           "<div id=\"details\" aria-live=\"polite\">" + details + "</div></div></section>\n";
  }

  /// Whether a space stands before the word in the caption.
  bool begins_apart(const ExplainedWord& word) const {
    const std::string& first = explanation_.tokens[word.first_token].chosen.text;
    return word.text.empty() || (!first.empty() && first.front() == ' ');
  }

  std::string effect(const ExplainedWord& word) const {
    const Peak peak = find_peak(word, explanation_.grid);
    if (peak.place.empty()) {
      return "Hiding any one part of the picture changes next to nothing: the words before it suffice, or "
             "several parts tell the same.";
    }
    const std::string where = peak.place == "middle" ? "in the middle" : "at the " + peak.place;
    return "Hiding a square " + where + " costs it " + number(format("%.2f", peak.drop)) + ": it becomes " +
           less_likely(peak.drop) + ".";
  }

  /// What is said about a word while it is chosen.
  std::string detail(std::size_t index) const {
    const ExplainedWord& word = explanation_.words[index];
    std::string text = element("h2", "", escape_html(shown_word(word)));
    text += element("p", " class=\"chance\"",
                    bar(word.logprob) + number(percentage(word.logprob)) +
                        element("span", " class=\"soft\"", format(" log-probability %.3f", word.logprob)));
    text += element("p", " class=\"effect\"", effect(word));
    for (std::size_t i = word.first_token; i < word.first_token + word.token_count; ++i) {
      const ExplainedToken& token = explanation_.tokens[i];
      // How a word goes on is mostly certain.
      const bool certain = i > word.first_token && token.chosen.logprob > kNearlyCertain;
      if (token.alternatives.empty() || certain) continue;
      const std::string of = word.token_count == 1
                                 ? "What else could stand here"
                                 : "Instead of “" + escape_html(shown_token(token.chosen, i == 0)) + "”";
      text += element("h3", "", of) + others(token, i == 0);
    }
    return element("article", " class=\"detail\"" + attribute("data-word", std::to_string(index)) + " hidden",
                   text) +
           "\n";
  }

  static std::string others(const ExplainedToken& token, bool first) {
    std::string items;
    for (const TokenChoice& other : token.alternatives) {
      items += element("li", "",
                       element("span", " class=\"piece\"", escape_html(shown_token(other, first))) +
                           bar(other.logprob) + number(percentage(other.logprob)));
    }
    return element("ol", " class=\"others\"", items);
  }

  std::string gallery() const {
    std::string tiles;
    for (std::size_t i = 0; i < explanation_.words.size(); ++i) {
      const ExplainedWord& word = explanation_.words[i];
      const Peak peak = find_peak(word, explanation_.grid);
      const double most = *std::max_element(word.heat.begin(), word.heat.end());
      const std::string told =
          peak.place.empty() ? "no place" : format("loses up to %.2f, ", peak.drop) + peak.place;
      std::string tile =
          "<div class=\"stack lit\"><svg class=\"ground\" viewBox=\"0 0 100 100\" aria-hidden=\"true\">"
          "<use href=\"#square\"/></svg><img class=\"heat\"" +
          attribute("alt", "Heat map of “" + shown_word(word) + "”: " + told) +
          attribute("data-word", std::to_string(i)) +
          attribute("data-high", format("%.2f", std::max(most, kLeastFullHeat))) +
          attribute("data-strength", format("%.4f", most)) +
          attribute("src", heat_uri(word.heat, explanation_.grid)) + "></div>";
      tile += element("figcaption", "",
                      element("span", " class=\"tile-word\"", escape_html(shown_word(word))) +
                          element("span", " class=\"number soft\"", percentage(word.logprob)) +
                          element("span", " class=\"tile-note soft number\"", told));
      tiles += element("li", "", element("figure", "", tile)) + "\n";
    }
    return "<section><h2>Every word</h2>\n<ol class=\"tiles\">\n" + tiles + "</ol></section>\n";
  }

  std::string table() const {
    std::string rows;
    for (const ExplainedWord& word : explanation_.words) {
      for (std::size_t i = word.first_token; i < word.first_token + word.token_count; ++i) {
        rows += row(explanation_.tokens[i], word, i);
      }
    }
    return "<section><h2>Every token</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
           "aria-label=\"Tokens\">"
           "<table><thead><tr><th scope=\"col\">Word</th><th scope=\"col\">Token</th><th "
           "scope=\"col\">Probability</th>"
           "<th scope=\"col\" class=\"right\">log</th><th scope=\"col\" class=\"right\">Rank</th>"
           "<th scope=\"col\">The likeliest others</th></tr></thead>\n<tbody>\n" +
           rows + "</tbody></table></div></section>\n";
  }

  static std::string row(const ExplainedToken& token, const ExplainedWord& word, std::size_t index) {
    const bool begins = index == word.first_token;
    std::string cells;
    if (begins) {
      cells += element("th", " scope=\"rowgroup\"" + attribute("rowspan", std::to_string(word.token_count)),
                       escape_html(shown_word(word)));
    }
    cells += element("td", " class=\"piece\"", escape_html(shown_token(token.chosen, index == 0)));
    cells += element("td", " class=\"chance\"",
                     bar(token.chosen.logprob) + number(percentage(token.chosen.logprob)));
    cells += element("td", " class=\"number right\"", format("%.3f", token.chosen.logprob));
    cells += element("td", " class=\"number right\"", std::to_string(token.rank));
    std::string list;
    for (const TokenChoice& other : token.alternatives) {
      list += element("span", " class=\"other\"",
                      element("span", " class=\"piece\"", escape_html(shown_token(other, index == 0))) + " " +
                          element("span", " class=\"number soft\"", percentage(other.logprob))) +
              " ";
    }
    return element("tr", begins ? " class=\"begins\"" : "", cells + element("td", "", list)) + "\n";
  }

  const ExplainedImage& explained_;
  const Explanation& explanation_;
  const ExplanationPictures& pictures_;
};

}  // namespace

std::string explanation_page(const ExplainedImage& explained, const ExplanationPictures& pictures,
                             const std::string& program) {
  return ExplanationPage(explained, pictures).write(program);
}

}  // namespace caption
