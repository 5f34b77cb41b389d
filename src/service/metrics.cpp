#include "service/metrics.h"

#include <algorithm>
#include <charconv>

namespace caption {
namespace {

std::string number(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// One family's first lines.
std::string family(const std::string& name, const std::string& type, const std::string& help) {
  return "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

std::string gauge(const std::string& name, const std::string& help, std::size_t value) {
  return family(name, "gauge", help) + name + " " + std::to_string(value) + "\n";
}

std::string counter(const std::string& name, const std::string& help, std::uint64_t value) {
  return family(name, "counter", help) + name + " " + std::to_string(value) + "\n";
}

}  // namespace

void ServiceMetrics::add(const std::string& route, const http::Exchange& exchange) {
  const std::scoped_lock lock(mutex_);
  ++requests_[{route, exchange.status}];
  Times& times = times_[route];
  const double seconds = exchange.time.count();
  const auto bucket = std::lower_bound(kBuckets.begin(), kBuckets.end(), seconds) - kBuckets.begin();
  ++times.counts.at(static_cast<std::size_t>(bucket));
  times.sum += seconds;
  bytes_in_ += exchange.bytes_in;
  bytes_out_ += exchange.bytes_out;
}

void ServiceMetrics::add_picture(std::optional<ErrorKind> error) {
  const std::scoped_lock lock(mutex_);
  ++pictures_[error ? std::string(error_code(*error)) : "captioned"];
}

std::string ServiceMetrics::text(const ServiceState& state) const {
  const std::scoped_lock lock(mutex_);
  std::string text =
      gauge("caption_ready", "1 when the model is loaded.", state.ready ? 1 : 0) +
      gauge("caption_pictures_waiting", "Pictures in the queue.", state.waiting) +
      gauge("caption_pictures_in_work", "Pictures being read or in the model.", state.in_work) +
      gauge("caption_connections", "Open connections.", state.load.connections) +
      gauge("caption_body_bytes", "Bytes of bodies in memory.", state.load.body_bytes);
  text += family("caption_pictures_total", "counter", "Pictures dealt with, by what became of them.");
  for (const auto& [outcome, count] : pictures_)
    text += "caption_pictures_total{outcome=\"" + outcome + "\"} " + std::to_string(count) + "\n";
  text += counter("caption_request_bytes_total", "Bytes of requests' bodies.", bytes_in_);
  text += counter("caption_response_bytes_total", "Bytes of answers' bodies.", bytes_out_);
  text += family("caption_requests_total", "counter",
                 "Requests answered, by route and status (499: the client left).");
  for (const auto& [key, count] : requests_)
    text += "caption_requests_total{route=\"" + key.first + "\",status=\"" + std::to_string(key.second) +
            "\"} " + std::to_string(count) + "\n";
  text +=
      family("caption_request_seconds", "histogram", "Time from a request's head to the end of its answer.");
  for (const auto& [route, times] : times_) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < times.counts.size(); ++i) {
      count += times.counts.at(i);
      const std::string end = i < kBuckets.size() ? number(kBuckets.at(i)) : "+Inf";
      text += "caption_request_seconds_bucket{route=\"" + route + "\",le=\"" + end + "\"} " +
              std::to_string(count) + "\n";
    }
    text += "caption_request_seconds_sum{route=\"" + route + "\"} " + number(times.sum) + "\n";
    text += "caption_request_seconds_count{route=\"" + route + "\"} " + std::to_string(count) + "\n";
  }
  return text;
}

}  // namespace caption
