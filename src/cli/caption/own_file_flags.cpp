#include "cli/caption/own_file_flags.h"

#include <string>

namespace caption::cli {

Flags<SidecarOptions> sidecar_flags() {
  const auto for_sidecars = [](const std::string& option, const std::string& what) {
    return option + " " + what + ": add --sidecar txt or json";
  };
  return {
      choice("--sidecar", &SidecarOptions::format, "FORMAT",
             {{"txt", SidecarFormat::txt}, {"json", SidecarFormat::json}},
             "Also write each picture's caption to a file beside it: NAME.txt with the best caption, or "
             "NAME.json with the "
             "record"),
      choice("--existing", &SidecarOptions::existing, "WHAT",
             {{"skip", Existing::skip}, {"overwrite", Existing::overwrite}, {"append", Existing::append}},
             "Of pictures that have such a file, a description in their metadata or a text in their archive: "
             "leave the picture out, unread; write that anew; or, in txt, add a line")
          .needs({"--sidecar", "--write-metadata", "--output-tar"},
                 "--existing is about sidecars, metadata and archives: add --sidecar txt or json, "
                 "--write-metadata or --output-tar")
          .check([](const SidecarOptions& options) -> std::string {
            const bool several =
                options.existing == Existing::append && options.format == SidecarFormat::json;
            return several ? "--existing append is for --sidecar txt: a file of JSON holds one record" : "";
          }),
      name("--sidecar-folder", &SidecarOptions::folder, "FOLDER",
           "Write the sidecars into FOLDER, in subfolders as those of an INPUT that is a folder, and not "
           "beside the pictures")
          .needs({"--sidecar"}, for_sidecars("--sidecar-folder", "is where sidecars go")),
      text("--prefix", &SidecarOptions::prefix,
           "In sidecars of text, and texts of --output-tar, TEXT stands before each caption")
          .needs({"--sidecar", "--output-tar"}, for_sidecars("--prefix", "stands in sidecars")),
      text("--suffix", &SidecarOptions::suffix, "There, TEXT stands behind each caption")
          .needs({"--sidecar", "--output-tar"}, for_sidecars("--suffix", "stands in sidecars")),
      on("--dry-run", &SidecarOptions::dry_run,
         "Only say what --sidecar or --write-metadata would write, a line NAME<TAB>FILE<TAB>WHAT for each "
         "picture")
          .needs({"--sidecar", "--write-metadata"},
                 "--dry-run says what would happen to sidecars and metadata: add --sidecar txt or json, or "
                 "--write-metadata"),
  };
}

Flags<MetadataOptions> metadata_flags() {
  const std::string add = ": add --write-metadata";
  return {
      on("--write-metadata", &MetadataOptions::write,
         "Also write each picture's best caption into its metadata: as XMP's alternative text and "
         "description, and as IPTC's caption where the file has IPTC data. Pixels and all other metadata "
         "stay")
          .excludes({"--sidecar"}, "--write-metadata and --sidecar are for two runs")
          .excludes({"--resume"},
                    "--resume does not go with --write-metadata, which goes on by itself: it leaves out "
                    "pictures that have a description (--existing skip)"),
      choice(
          "--metadata", &MetadataOptions::place, "WHERE",
          {{"picture", MetadataPlace::picture}, {"sidecar", MetadataPlace::sidecar}},
          "Write metadata into the picture's file (JPEG, PNG, WebP or TIFF), or into an XMP file beside it, "
          "a.jpg.xmp for a.jpg")
          .needs({"--write-metadata"}, "--metadata is where metadata go" + add),
      on("--keep-times", &MetadataOptions::keep_times, "Files whose metadata are written keep their times")
          .needs({"--write-metadata"}, "--keep-times is for files whose metadata are written" + add),
  };
}

Flags<CaptionConfig> tar_flags() {
  return {
      name("--output-tar", &CaptionConfig::output_tar, "FILE",
           "Also write a tar archive with each picture, its caption and its record, as KEY.jpg, KEY.txt and "
           "KEY.json: a shard for WebDataset. What stands beside a picture in an archive is passed through. "
           "FILE is there when it is complete; - is standard output, which then has no records")
          .excludes({"--sidecar", "--write-metadata"},
                    "--output-tar, --sidecar and --write-metadata are for separate runs")
          .excludes({"--resume"}, "--output-tar makes a whole archive: --resume cannot go on with one"),
  };
}

}  // namespace caption::cli
