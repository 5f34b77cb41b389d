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

constexpr int kMap = 96;  ///< side of a heat map, in pixels; browsers enlarge it smoothly

constexpr double kNearlyCertain = -0.01;

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

Html bar(double logprob) {
  return fill(R"(<svg class="bar" aria-hidden="true"><rect height="100%" width="{{width}}"/></svg>)",
              {{"width", format("%.2f%%", 100 * std::exp(logprob))}});
}

Html number(const std::string& text) {
  return fill(R"(<span class="number">{{text}}</span>)", {{"text", text}});
}

/// A token's probability, as a bar and in figures.
Html chance(double logprob) {
  return bar(logprob) + number(percentage(logprob));
}

/// The likeliest other tokens in one cell of the table.
Html others_in_line(const ExplainedToken& token, bool first) {
  Html line;
  for (const TokenChoice& other : token.alternatives) {
    line += fill(R"(<span class="other"><span class="piece">{{token}}</span> )"
                 R"(<span class="number soft">{{share}}</span></span> )",
                 {{"token", shown_token(other, first)}, {"share", percentage(other.logprob)}});
  }
  return line;
}

Html others_as_list(const ExplainedToken& token, bool first) {
  Html items;
  for (const TokenChoice& other : token.alternatives) {
    items += fill(R"(<li><span class="piece">{{token}}</span>{{chance}}</li>)",
                  {{"token", shown_token(other, first)}, {"chance", chance(other.logprob)}});
  }
  return fill(R"(<ol class="others">{{items}}</ol>)", {{"items", items}});
}

class ExplanationPage {
 public:
  ExplanationPage(const ExplainedImage& explained, const ExplanationPictures& pictures)
      : explained_(explained), explanation_(explained.explanation), pictures_(pictures) {}

  std::string write(const PageFoot& foot) const {
    const Html head =
        page_head({"Why these words? " + explained_.image, {assets::explain_css}, {assets::explain_js}});
    const Html body =
        fill(assets::explain_html.text,
             {{"name", printable(explained_.image)},
              {"model", explained_.model},
              {"score", format("%.3f", explanation_.caption.score)},
              {"squares",
               format("%d × %d squares of %d pixels, hidden one by one in the %d × %d that the model sees",
                      explanation_.grid, explanation_.grid, explanation_.window, explanation_.resolution,
                      explanation_.resolution)},
              {"caption", explanation_.caption.text},
              {"square", data_uri("image/jpeg", pictures_.square)},
              {"legend", legend()},
              {"words", words()},
              {"details", details()},
              {"tiles", tiles()},
              {"rows", rows()},
              {"foot", page_foot(foot)}});
    return (head + body).text();
  }

 private:
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
    return heat_uri(ramp, kSteps);
  }

  /// The caption, whose words are buttons once the script is there.
  Html words() const {
    Html line;
    for (std::size_t i = 0; i < explanation_.words.size(); ++i) {
      const ExplainedWord& word = explanation_.words[i];
      if (i > 0 && begins_apart(word)) line += " ";
      line += fill(R"(<span class="word" data-word="{{index}}">{{word}}</span>)",
                   {{"index", std::to_string(i)}, {"word", shown_word(word)}});
    }
    return line;
  }

  /// Whether a space stands before the word in the caption.
  bool begins_apart(const ExplainedWord& word) const {
    const std::string& first = explanation_.tokens[word.first_token].chosen.text;
    return word.text.empty() || (!first.empty() && first.front() == ' ');
  }

  Html effect(const ExplainedWord& word) const {
    const Peak peak = find_peak(word, explanation_.grid);
    if (peak.place.empty()) {
      return "Hiding any one part of the picture changes next to nothing: the words before it suffice, or "
             "several parts tell the same.";
    }
    return fill("Hiding a square {{where}} costs it {{drop}}: it becomes {{less}}.",
                {{"where", peak.place == "middle" ? "in the middle" : "at the " + peak.place},
                 {"drop", number(format("%.2f", peak.drop))},
                 {"less", less_likely(peak.drop)}});
  }

  Html details() const {
    Html all;
    for (std::size_t i = 0; i < explanation_.words.size(); ++i) all += detail(i);
    return all;
  }

  /// What is said about a word while it is chosen.
  Html detail(std::size_t index) const {
    const ExplainedWord& word = explanation_.words[index];
    Html instead;
    for (std::size_t i = word.first_token; i < word.first_token + word.token_count; ++i) {
      const ExplainedToken& token = explanation_.tokens[i];
      // How a word goes on is mostly certain.
      const bool certain = i > word.first_token && token.chosen.logprob > kNearlyCertain;
      if (token.alternatives.empty() || certain) continue;
      const std::string of = word.token_count == 1 ? "What else could stand here"
                                                   : "Instead of “" + shown_token(token.chosen, i == 0) + "”";
      instead += fill("<h3>{{of}}</h3>{{others}}", {{"of", of}, {"others", others_as_list(token, i == 0)}});
    }
    return fill(R"(<article class="detail" data-word="{{index}}" hidden><h2>{{word}}</h2>)"
                R"(<p class="chance">{{chance}}<span class="soft"> log-probability {{logprob}}</span></p>)"
                R"(<p class="effect">{{effect}}</p>{{instead}}</article>)"
                "\n",
                {{"index", std::to_string(index)},
                 {"word", shown_word(word)},
                 {"chance", chance(word.logprob)},
                 {"logprob", format("%.3f", word.logprob)},
                 {"effect", effect(word)},
                 {"instead", instead}});
  }

  Html tiles() const {
    Html all;
    for (std::size_t i = 0; i < explanation_.words.size(); ++i) all += tile(i);
    return all;
  }

  /// A word's heat map over the picture.
  Html tile(std::size_t index) const {
    const ExplainedWord& word = explanation_.words[index];
    const Peak peak = find_peak(word, explanation_.grid);
    const double most = *std::max_element(word.heat.begin(), word.heat.end());
    const std::string told =
        peak.place.empty() ? "no place" : format("loses up to %.2f, ", peak.drop) + peak.place;
    return fill(
        R"(<li><figure><div class="stack lit"><svg class="ground" viewBox="0 0 100 100" aria-hidden="true">)"
        R"(<use href="#square"/></svg><img class="heat" alt="Heat map of “{{word}}”: {{told}}")"
        R"( data-word="{{index}}" data-high="{{high}}" data-strength="{{strength}}" src="{{map}}"></div>)"
        R"(<figcaption><span class="tile-word">{{word}}</span><span class="number soft">{{share}}</span>)"
        R"(<span class="tile-note soft number">{{told}}</span></figcaption></figure></li>)"
        "\n",
        {{"word", shown_word(word)},
         {"told", told},
         {"index", std::to_string(index)},
         {"high", format("%.2f", std::max(most, kLeastFullHeat))},
         {"strength", format("%.4f", most)},
         {"map", heat_uri(word.heat, explanation_.grid)},
         {"share", percentage(word.logprob)}});
  }

  /// Of the table, one for each token.
  Html rows() const {
    Html all;
    for (const ExplainedWord& word : explanation_.words) {
      for (std::size_t i = word.first_token; i < word.first_token + word.token_count; ++i) {
        all += row(explanation_.tokens[i], word, i);
      }
    }
    return all;
  }

  static Html row(const ExplainedToken& token, const ExplainedWord& word, std::size_t index) {
    const Html name = fill(R"(<th scope="rowgroup" rowspan="{{rows}}">{{word}}</th>)",
                           {{"rows", std::to_string(word.token_count)}, {"word", shown_word(word)}});
    const bool begins = index == word.first_token;
    return fill(R"(<tr{{class}}>{{name}}<td class="piece">{{token}}</td><td class="chance">{{chance}}</td>)"
                R"(<td class="number right">{{logprob}}</td><td class="number right">{{rank}}</td>)"
                R"(<td>{{others}}</td></tr>)"
                "\n",
                {{"class", Html::markup(begins ? R"( class="begins")" : "")},
                 {"name", begins ? name : Html()},
                 {"token", shown_token(token.chosen, index == 0)},
                 {"chance", chance(token.chosen.logprob)},
                 {"logprob", format("%.3f", token.chosen.logprob)},
                 {"rank", std::to_string(token.rank)},
                 {"others", others_in_line(token, index == 0)}});
  }

  const ExplainedImage& explained_;
  const Explanation& explanation_;
  const ExplanationPictures& pictures_;
};

}  // namespace

std::string explanation_page(const ExplainedImage& explained, const ExplanationPictures& pictures,
                             const PageFoot& foot) {
  return ExplanationPage(explained, pictures).write(foot);
}

}  // namespace caption
