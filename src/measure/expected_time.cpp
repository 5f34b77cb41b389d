#include "measure/expected_time.h"

#include <algorithm>

namespace caption {

double expected_seconds(const StageDemand& demand, const DeviceRates& device) {
  return std::max(demand.bytes() / device.bytes_per_second, demand.flops / device.flops_per_second) +
         demand.kernels * device.seconds_per_kernel;
}

double expected_seconds(const ModelSizes& model, const Workload& work, const DeviceRates& device) {
  double seconds = 0;
  for (const StageDemand& demand : model_demands(model, work)) seconds += expected_seconds(demand, device);
  return seconds;
}

}  // namespace caption
