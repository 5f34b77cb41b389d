#include "libtorch/decode/device_task.h"

#include <utility>

#include "caption/error.h"

namespace caption {

bool is_of_devices(const DecodeOptions& options) {
  return !options.sample && options.beam_groups == 1 && options.required.empty();
}

DeviceTask::DeviceTask(StopRule stop_rule, DecodeOptions options, std::int64_t slot_count, at::Device on,
                       Wording words)
    : stop(std::move(stop_rule)),
      wording(std::move(words)),
      decode(std::move(options)),
      slots(slot_count),
      device(on) {
  require_searchable(stop, decode);
  if (!is_of_devices(decode))
    throw Error(ErrorKind::internal,
                "a search on a device is a beam search in one group, without required words");
}

}  // namespace caption
