#pragma once

#include <string_view>

namespace caption {

/// A file of src/pages/assets, kept in the program.
struct Asset {
  std::string_view text;
  std::string_view sha256;  ///< of the text, in hexadecimal
};

/// Each is named after its file; the build makes the definitions (CMakeLists.txt).
namespace assets {
extern const Asset explain_css;  ///< the page of an explanation
extern const Asset explain_js;   ///< the page of an explanation
extern const Asset page_css;     ///< colours, type and controls of every page
extern const Asset page_js;      ///< light and dark
extern const Asset report_css;   ///< the report
extern const Asset report_js;    ///< the report
extern const Asset
    report_html;  ///< the report: the controls and the large view, without effect before the script
}  // namespace assets

}  // namespace caption
