#pragma once

#include <filesystem>
#include <string>

#include "model/manifest.h"
#include "tar/library.h"

namespace caption {

/// Gives the bundle in `folder` to `write` as one tar archive: NAME/model.json, then the files that it lists.
/// Throws Error(model) if one of them is not as model.json says, after most of it was written.
void export_bundle(const std::filesystem::path& folder, const std::string& name,
                   const ArchiveLibrary::Write& write);

/// Writes the captioner of the bundle in `folder`, mapper and GPT-2, as one checkpoint under ClipCap's own
/// names
/// ("clip_project.*", "gpt.transformer.*", "gpt.lm_head.weight"), which Python's torch loads with
/// weights_only=True. Throws Error(model) or Error(output).
void export_checkpoint(const std::filesystem::path& folder, const std::filesystem::path& file);

/// What an import of an archive asks for.
struct UnpackRequest {
  std::filesystem::path archive;  ///< as export_bundle makes it; it may be compressed
  std::string name;               ///< of the new bundle; empty: as its model.json says
  std::filesystem::path folder;   ///< to be made
};

/// The name of the model in an archive: its folder's, or if there is none, the archive's. Throws
/// Error(model) if there is no model in it.
std::string archived_name(const std::filesystem::path& archive);

/// Unpacks an archive into a bundle, whose files are what model.json says and which was loaded once; if
/// anything fails, nothing is left behind. -> what its model.json says. Throws Error(model), Error(usage) or
/// Error(output).
Manifest unpack_bundle(const UnpackRequest& request);

}  // namespace caption
