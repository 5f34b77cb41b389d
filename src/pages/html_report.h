#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "caption/options.h"
#include "files/output.h"
#include "pages/html.h"
#include "records/writers.h"

namespace caption {

/// ImageOptions::thumbnail for the pictures of a report.
inline constexpr int kReportThumbnail = 320;

/// What a report says about its run.
struct ReportStyle {
  std::filesystem::path file;  ///< the report's own, from which images are linked
  std::string model;           ///< the bundle's name
  DecodeOptions decode;
  PageFoot foot;
};

/// One page that needs nothing but itself, with a picture, caption and score for each image.
/// Written record by record, so memory does not grow with them; a page whose run was cut off can be read and
/// says so. Records must bring their thumbnail. `output` must outlive it.
std::unique_ptr<RecordWriter> make_html_report(const ReportStyle& style, Output& output);

}  // namespace caption
