#pragma once

#include "cli/caption/options.h"
#include "cli/flag.h"

namespace caption::cli {

/// Captions in files beside the pictures, and in the pictures' metadata.
Flags<SidecarOptions> sidecar_flags();
Flags<MetadataOptions> metadata_flags();
/// And in an archive.
Flags<CaptionConfig> tar_flags();

}  // namespace caption::cli
