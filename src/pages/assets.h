#pragma once

#include <string_view>

namespace caption::cli {

/// A file of src/cli/assets, kept in the program.
struct Asset {
  std::string_view text;
  std::string_view sha256;  ///< of the text, in hexadecimal
};

/// Each is named after its file; the build makes the definitions (CMakeLists.txt).
namespace assets {
extern const Asset explain_css;  ///< `caption explain --html`
extern const Asset explain_js;   ///< `caption explain --html`
extern const Asset page_css;     ///< colours, type and controls of every page
extern const Asset page_js;      ///< light and dark
extern const Asset report_css;   ///< `--html`
extern const Asset report_js;    ///< `--html`
extern const Asset
    report_html;  ///< `--html`: the controls and the large view, without effect before the script
}  // namespace assets

}  // namespace caption::cli
