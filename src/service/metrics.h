#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "caption/error.h"
#include "service/http.h"

namespace caption {

/// Numbers of the moment, for a page of metrics.
struct ServiceState {
  bool ready = false;
  std::size_t waiting = 0;  ///< pictures
  std::size_t in_work = 0;  ///< likewise
  http::Load load;
};

/// What a service has done, in the text format of Prometheus. For any threads.
class ServiceMetrics {
 public:
  /// `route`: one of a few, whatever the client asked for.
  void add(const std::string& route, const http::Exchange& exchange);
  void add_picture(std::optional<ErrorKind> error);

  std::string text(const ServiceState& state) const;

 private:
  /// Upper ends, in seconds; the last one is infinite.
  static constexpr std::array<double, 12> kBuckets = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                      1,    2.5,   5,    10,  30,   60};
  struct Times {
    std::array<std::uint64_t, kBuckets.size() + 1> counts{};
    double sum = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, unsigned>, std::uint64_t> requests_;  ///< by route and status
  std::map<std::string, Times> times_;                                  ///< by route
  std::map<std::string, std::uint64_t> pictures_;  ///< by "captioned" or the error's code
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
};

}  // namespace caption
