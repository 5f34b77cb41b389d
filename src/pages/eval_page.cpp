#include "pages/eval_page.h"

#include "base/printable.h"
#include "pages/html.h"

namespace caption {
namespace {

Html cell(const std::string& text) {
  return fill(R"(<td class="number">{{text}}</td>)", {{"text", text}});
}

Html table_rows(const EvalPage& page) {
  Html rows;
  for (const EvalPage::Row& row : page.rows) {
    Html cells = cell(row.value) + cell(row.interval);
    for (const std::string& text : row.compared) cells += cell(text);
    rows += fill(R"(<tr><th scope="row">{{metric}}</th>{{cells}}<td class="soft">{{unit}}</td></tr>)"
                 "\n",
                 {{"metric", row.metric}, {"cells", cells}, {"unit", row.unit}});
  }
  return rows;
}

Html caption_of(const std::string& text) {
  const std::string words = single_line(text);
  return words.empty() ? Html("(no words)") : Html(words);
}

Html card(const EvalPage::Picture& picture) {
  Html image = fill(R"(<img loading="lazy" alt="" src="{{picture}}">)",
                    {{"picture", data_uri("image/jpeg", picture.thumbnail)}});
  if (picture.thumbnail.empty()) image = Html::markup(R"(<p class="none soft">no picture</p>)");
  Html other;
  if (!picture.other.empty())
    other = fill(R"(<p class="other soft">{{caption}}</p>)", {{"caption", caption_of(picture.other)}});
  Html references;
  for (const std::string& reference : picture.references)
    references += fill("<li>{{text}}</li>", {{"text", single_line(reference)}});
  return fill(R"(<li class="card">{{image}}<div><p class="caption">{{caption}}</p>{{other}})"
              R"(<p class="value number">CIDEr-D {{value}}</p><ul class="references">{{references}}</ul>)"
              R"(<p class="name"><bdi>{{name}}</bdi></p></div></li>)"
              "\n",
              {{"image", image},
               {"caption", caption_of(picture.caption)},
               {"other", other},
               {"value", picture.value},
               {"references", references},
               {"name", printable(picture.name)}});
}

Html cards(const std::vector<EvalPage::Picture>& pictures) {
  Html html;
  for (const EvalPage::Picture& picture : pictures) html += card(picture);
  return html;
}

}  // namespace

std::string eval_page(const EvalPage& page) {
  Html compared_heads;
  Html compared;
  if (!page.compared.empty()) {
    compared_heads =
        Html::markup(R"(<th scope="col">Second</th><th scope="col">Difference</th><th scope="col">p</th>)");
    compared = fill("<span>second: {{file}}</span>", {{"file", printable(page.compared)}});
  }
  const Html body = fill(assets::eval_html.text, {{"captions", printable(page.captions)},
                                                  {"references", printable(page.references)},
                                                  {"compared", compared},
                                                  {"pictures", std::to_string(page.pictures)},
                                                  {"compared_heads", compared_heads},
                                                  {"rows", table_rows(page)},
                                                  {"worst", cards(page.worst)},
                                                  {"best", cards(page.best)},
                                                  {"program", page.program}});
  return (page_head({"Evaluation of " + page.captions, {assets::eval_css}, {}}) + body).text();
}

}  // namespace caption
