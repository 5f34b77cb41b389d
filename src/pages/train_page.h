#pragma once

#include <string>
#include <utility>
#include <vector>

namespace caption {

/// What the page of a training shows. Texts are any bytes.
struct TrainPage {
  struct Point {
    double x;  ///< updates
    double y;
  };
  struct Curve {
    std::string name;
    std::vector<Point> points;
  };
  struct Chart {
    std::string title;
    std::vector<Curve> curves;
  };
  /// What was said of one picture, the newest first.
  struct Sample {
    std::string image;
    std::string reference;
    std::vector<std::pair<std::string, std::string>> captions;  ///< update, caption
  };
  std::string title;
  std::string state;                                          ///< "update 120 of 1,000"
  std::vector<std::pair<std::string, std::string>> settings;  ///< name, value
  std::vector<Chart> charts;
  std::vector<Sample> samples;
  bool running = false;  ///< the page loads itself again now and then
  std::string program;   ///< what made it, with its version
};

/// One page that needs nothing else.
std::string train_page(const TrainPage& page);

}  // namespace caption
