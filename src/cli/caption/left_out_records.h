#pragma once

#include "files/output.h"
#include "files/spool.h"
#include "inputs/left_out.h"

namespace caption::cli {

/// `--left-out`: a record for each file and folder that is left out, which wait on the disk until those of
/// the images are written.
class LeftOutRecords {
 public:
  /// Throws Error(output), as `write` does.
  void add(const LeftOutName& name);
  /// Of scripts/schema/record.schema.json, in the order in which they were added.
  void write(Output& output);

 private:
  Spool lines_;
};

}  // namespace caption::cli
