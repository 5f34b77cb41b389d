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
extern const Asset eval_css;      ///< the page of an evaluation
extern const Asset eval_html;     ///< the page of an evaluation: its body
extern const Asset explain_css;   ///< the page of an explanation
extern const Asset explain_html;  ///< the page of an explanation: its body
extern const Asset explain_js;    ///< the page of an explanation
extern const Asset page_css;      ///< colours, type and controls of every page
extern const Asset page_html;     ///< every page up to its body
extern const Asset page_js;       ///< light and dark
extern const Asset report_css;    ///< the report
extern const Asset report_js;     ///< the report
extern const Asset report_html;   ///< the report: its body up to the records; the controls are without effect
                                  ///< before the script
extern const Asset report_end_html;  ///< the report: its body behind the records
extern const Asset train_css;        ///< the page of a training
extern const Asset train_html;       ///< the page of a training: its body
}  // namespace assets

}  // namespace caption
