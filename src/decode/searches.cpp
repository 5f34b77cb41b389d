#include "decode/searches.h"

#include <exception>
#include <utility>

#include "decode/beam.h"
#include "decode/sample.h"
#include "kernels/parallel.h"

namespace caption {

Searches::Searches(StepFunction& model, const StopRule& stop, const DecodeOptions& options, Wording wording)
    : rows_(model), stop_(stop), wording_(std::move(wording)), options_(options) {
  require_searchable(stop, options);
}

std::vector<Found> Searches::advance(std::size_t joining) {
  tokens_.clear();
  parents_.clear();
  for (const Running& one : running_) one.search->ask(tokens_, parents_);
  if (tokens_.empty() && joining == 0) return {};
  rows_.compute(tokens_, parents_, joining);
  if (joining > 0) require_stop_tokens(stop_, rows_.vocabulary());
  for (std::size_t i = 0; i < joining; ++i) {
    const std::size_t row = tokens_.size() + i;
    const auto make = options_.sample ? make_sampling : make_beam_search;
    running_.push_back({joined_++, 0, make(stop_, wording_, options_, row)});
  }
  extend_all();
  std::vector<Found> found;
  std::vector<Running> left;
  for (Running& one : running_) {
    if (++one.length < options_.max_tokens && one.search->running()) {
      left.push_back(std::move(one));
    } else {
      found.push_back({one.image, one.search->finish()});
    }
  }
  running_ = std::move(left);
  return found;
}

/// All images by their rows, side by side.
void Searches::extend_all() {
  std::vector<std::exception_ptr> failures(running_.size());
  parallel_for(running_.size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      try {
        running_[i].search->extend(rows_);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  });
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace caption
