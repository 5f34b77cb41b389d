#include <cstddef>
#include <string>
#include <utility>

#include "eval/ptb_rules.h"

namespace caption::eval {
namespace {

#include "eval/ptb_letters.inc"

template <std::size_t n>
CharSet set_of(const CharSet::Range (&ranges)[n]) {
  CharSet set;
  for (const CharSet::Range& range : ranges) set.add(range.first, range.last);
  return set;
}

/// Where a name uses others, these stand before it.
const std::vector<std::pair<const char*, std::string>> kNames = {
    {"space", R"([ \t\u00A0\u2000-\u200A\u3000])"},
    {"line end", R"((\r|\r?\n|\u2028|\u2029|\v|\f|\u0085))"},
    {"blank", "({space}|{line end})"},

    // Marks of an old mark-up language, which are taken for tokens.
    {"tag name", R"([A-Za-z][A-Za-z0-9_:.\-]*)"},
    {"attribute", R"({tag name}([ ]*=[ ]*('[^']*'|"[^"]*"))?)"},
    {"tag", R"(<([!?][A-Za-z\-][^>\r\n]*|{tag name}([ ]+{attribute})*[ ]*\/?|\/{tag name})[ ]*>)"},

    // Numbers and what looks like one.
    {"d", "[{digit}]"},
    {"number", R"([\-+]?({d}+|{d}*([.:,\u00AD\u066B\u066C]{d}+)+))"},
    {"date", R"({d}{1,2}[\-\/]{d}{1,2}[\-\/]{d}{2,4})"},
    {"small number",
     R"([\u207A\u207B\u208A\u208B]?([\u2070\u00B9\u00B2\u00B3\u2074-\u2079]+|[\u2080-\u2089]+))"},
    {"fraction", R"(({d}{1,4}[\- \u00A0])?{d}{1,4}(\\?\/|\u2044){d}{1,4})"},
    {"area", R"((\([0-9]{2,3}\)[ \u00A0]?|(\+\+?)?([0-9]{2,4}[\- \u00A0])?[0-9]{2,4}[\- \u00A0]))"},
    {"phone", R"({area}[0-9]{3,4}[\- \u00A0]?[0-9]{3,5})"
              R"(|((\+\+?)?[0-9]{2,4}\.)?[0-9]{2,4}\.[0-9]{3,4}\.[0-9]{3,5})"},

    // Words. A few have apostrophes that do not divide them.
    {"l", "([{letter}{mark}]|&[aeiouAEIOU](acute|grave|uml);)"},
    {"word", "{l}({l}|{d})*([.!?]{l}({l}|{d})*)*"},
    {"apostrophe", R"((['\u0092\u2019]|&apos;))"},
    {"any apostrophe", R"(({apostrophe}|[`\u0091\u2018\u201B]))"},
    {"short verb", "{apostrophe}([msdMSD]|re|ve|ll)"},
    {"before not", R"([A-Za-z\u00AD]*[A-MO-Za-mo-z](\u00AD)*)"},
    {"short not", "n{any apostrophe}t"},
    {"apostrophe word",
     "({apostrophe}n{apostrophe}?|[lLdDjJ]{apostrophe}|(dunkin|somethin|ol){apostrophe}|{apostrophe}em"
     "|[A-HJ-XZn]{any apostrophe}{letter}{letter}+|{apostrophe}[2-9]0s|{apostrophe}till?"
     "|{letter}+[aeiouyAEIOUY]{any apostrophe}[aeiouA-Z]{letter}*|{apostrophe}cause|cont'd\\.?|nor'easter"
     "|c'mon|e'er|s'mores|ev'ry|li'l|nat'l|o{any apostrophe}o)"},

    // Words with hyphens and other signs between their parts.
    {"a", "[{letter}{digit}]"},
    {"joined", R"(([dDoOlL]{any apostrophe}{a})?{a}+)"},
    {"hyphenated", R"({joined}([\-_\u058A\u2010\u2011]{joined})*)"},
    {"country", R"((Canada|Sino|Korean|EU|Japan|non)-U\.S|U\.S\.-(U\.K|U\.S\.S\.R))"},
    {"acronym", R"(([A-Za-z](\.[A-Za-z])*|{country}))"},
    {"long acronym", R"(([A-Za-z](\.[A-Za-z])+|{country}))"},
    {"ascii hyphenated", R"([A-Za-z0-9][A-Za-z0-9.,\u00AD]*(-([A-Za-z0-9\u00AD]+|{long acronym}\.))+)"},
    {"with and", "[A-Z]+(([+&]|&amp;)[A-Z]+)+"},
    {"slash part", "[A-Za-z0-9]+(-[A-Za-z]+){0,2}"},
    {"slashed", R"({slash part}(\\?\/{slash part}){1,2})"},
    {"special", R"((-(RRB|LRB|RCB|LCB|RSB|LSB)-|C\.D\.s|pro-|anti-|S(&|&amp;)P-500|S(&|&amp;)Ls)"
                "|Cap{apostrophe}n|c{apostrophe}est)"},

    // Addresses.
    {"url", R"(https?:\/\/[^ \t\n\f\r"<>|()\{}]+[^ \t\n\f\r"<>|.!?()\{},\-])"},
    {"likely url", R"((www\.([^ \t\n\f\r"<>|.!?()\{},]+\.)+[a-zA-Z]{2,4})"
                   R"(|([^ \t\n\f\r"`'<>|.!?()\{},-_$]+\.)+(com|net|org|edu)))"
                   R"((\/[^ \t\n\f\r"<>|()]+[^ \t\n\f\r"<>|.!?()\{},\-])?)"},
    {"email", R"((&lt;|<)?[a-zA-Z0-9][^ \t\n\f\r"<>|()\{}\u00A0]*@)"
              R"(([^ \t\n\f\r"<>|()\{}.\u00A0]+\.)*[^ \t\n\f\r"<>|()\{}.\u00A0]+(&gt;|>)?)"},
    {"nick name", "(@[a-zA-Z_][a-zA-Z_0-9]*|#{l}+)"},
    {"file", R"(({l}|{d})+(\.({l}|{d})+)*\.(bat|bmp|c|class|cgi|cpp|dll|doc|docx|exe|gif|gz|h|htm|html|jar)"
             "|java|jpeg|jpg|mov|mp3|pdf|php|pl|png|ppt|ps|py|sql|tar|txt|wav|x|xml|zip)"},

    // What keeps its full stop. Sets have one case, others both.
    {"lower case follows",
     "(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Mon|Tues?|Wed|Thu|Thurs|Fri|Ala|Ariz|[A]z|[A]rk|Calif"
     "|Colo|Conn|Ct|Dak|[D]el|Fla|Ga|[I]ll|Ind|Kans?|Ky|[L]a|[M]ass|Md|Mich|Minn|[M]iss|Mo|Mont|Neb|Nev|Okla"
     "|[O]re|[P]a|Penn|Tenn|[T]ex|Va|Vt|[W]ash|Wisc?|Wyo|Inc|Cos?|Corp|Pp?t[ye]s?|Ltd|Plc|Rt|Bancorp|Bhd"
     "|Assn|Univ|Intl|Sys|tel|est|ext|sq|Jr|Sr|Bros|(Ed|Ph)\\.D|Blvd|Rd|Esq|etc|al|seq|Bldg)\\."},
    {"upper case follows",
     "(Mr|Ms|Mrs|[M]iss|Drs?|Profs?|Sens?|Reps?|Attys?|Lt|Col|Gen|Messrs|Govs?|Adm|Rev|Maj|Sgt|Cpl|Pvt|Capt"
     "|Ste?|Ave|Pres|Lieut|Hon|Brig|Co?mdr|Pfc|Spc|Supts?|Det|Mt|Ft|Adj|Adv|Asst|Assoc|Ens|Insp|Mlle|Mme|Msgr"
     "|Sfc|vs|Alex|Wm|Jos|Cie|a\\.k\\.a|cf|TREAS|Ph|{acronym}|Invt|Elec|Natl|M[ft]g|Dept)"},
    {"digit follows", R"((ca|figs?|prop|nos?|art|bldg|pp|op)\.)"},
    {"sentence start",
     "([A]bout|[A]ccording|[A]dditionally|[A]fter|[A]n|[A]|[A]s|[A]t|[B]ut|[E]arlier|[H]er?|[H]ere|[H]owever"
     "|[I](f|n|t)|[L]ast|[M]any|[M]ore|[M](r|s)\\.|[N]ow|[O]nce|[O]ne|[O]ther|[O]ur|[S]he|[S]ince|[S]o|[S]ome"
     "|[S]uch|[T]hat|[T]he|[T]heir|[T]hen|[T]here|[T]hese|[T]hey|[T]his|[W]e|[W]hen|[W]hile|[W]hat|[Y]et"
     "|[Y]ou|{tag})"},

    // Signs.
    {"inner sign", R"([,;:\u3001])"},
    {"quotes", R"(({apostrophe}|''|[`\u2018\u2019\u201A\u201B\u201C\u201D\u0091-\u0094\u201E\u201F)"
               R"(\u2039\u203A\u00AB\u00BB]{1,2}))"},
    {"double quote", R"(("|&quot;))"},
    {"smiley", R"([<>]?[:;=][\-o*']?[()DPdpO\\\{@|\[\]])"},
    {"eastern smiley", R"(([\^x=~<>]\.\[\^x=[^<]*<>\]|[\-\^x=~<>']_[\-\^x=~<>'])"
                       R"(|\([\-\^x=~<>'][_.]?[\-\^x=~<>']\)|\([\^x=~<>']-[\^x=~<>'`]\)))"},
    {"currency", R"([\u00A2-\u00A5\u0080\u20A0\u20A4\u20AC\u060B\u0E3F\uFFE0\uFFE1\uFFE5\uFFE6])"},
    {"full stop", R"([.\u00A1\u00BF\u037E\u0589\u061F\u06D4\u0700-\u0702\u07FA\u3002])"},
    {"symbol",
     R"([+%&~\^|\\\u00A6-\u00A9\u00AC\u00AE-\u00BA\u00D7\u00F7\u0387\u05BE\u05C0\u05C3\u05C6\u05F3\u05F4)"
     R"(\u0600-\u0603\u0606-\u060A\u060C\u0614\u061B\u061E\u066A\u066D\u0703-\u070D\u07F6-\u07F8\u0964\u0965)"
     R"(\u0E4F\u1FBD\u2016\u2017\u2020-\u2023\u2030-\u2038\u203B\u203E-\u2042\u2044\u207A-\u207F)"
     R"(\u208A-\u208E\u2100-\u214F\u2190-\u2BFF\u3012\u30FB\uFF01-\uFF0F\uFF1A-\uFF20\uFF3B-\uFF40)"
     R"(\uFF5B-\uFF65])"},
};

}  // namespace

PatternCompiler ptb_names() {
  PatternCompiler names;
  names.name("letter", set_of(kLetters));
  names.name("digit", set_of(kDigits));
  names.name("mark", set_of(kMarks));
  for (const auto& [name, pattern] : kNames) names.name(name, pattern);
  return names;
}

}  // namespace caption::eval
