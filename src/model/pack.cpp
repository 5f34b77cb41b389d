#include "model/pack.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "files/mapped_file.h"
#include "files/sha256.h"
#include "kernels/packed_layout.h"
#include "model/bundle.h"
#include "model/packed_reader.h"
#include "model/packed_writer.h"
#include "model/text_side.h"
#include "model/verify_files.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// -> milliseconds that loading the bundle takes
double load_and_drop(const fs::path& folder, const CpuCompute& compute) {
  const auto start = std::chrono::steady_clock::now();
  const Bundle<Tensor> bundle = load_cpu_bundle(folder, compute);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// Tries the places in turn. -> the first one that takes the file, and its size
std::pair<fs::path, std::uint64_t> write_somewhere(const std::vector<fs::path>& places,
                                                   const PackedRecorder& recorder,
                                                   const PackedHeader& header) {
  std::optional<Error> first;
  for (const fs::path& place : places) {
    try {
      return {place, recorder.write(place, header)};
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::output) throw;
      if (!first) {
        first = error;
      } else {
        first = Error(ErrorKind::output, std::string(first->what()) + "\n" + error.what(), first->path());
      }
    }
  }
  throw *first;
}

}  // namespace

PackReport pack_bundle(const fs::path& folder, const CpuCompute& compute) {
  const Manifest manifest = read_manifest(folder);
  PackedHeader header;
  header.layout = kPackedLayout;
  header.precision = name_of(compute.weights);
  header.sources = packed_sources(folder, manifest);
  // The hashes in model.json are what the file goes by. Besides, both loads find the files in memory then.
  verify_files(folder, manifest, /*hashes=*/true);

  PackReport report;
  report.precision = header.precision;
  {
    const auto recorder = std::make_shared<PackedRecorder>();
    CpuCompute recording = compute;
    recording.packed = recorder;
    report.packing_ms = load_and_drop(folder, recording);
    if (manifest.text) load_text_side(folder, manifest, recording);
    if (packed_sources(folder, manifest) != header.sources) {
      throw Error(ErrorKind::model, folder.string() + ": its files were changed meanwhile; try again",
                  folder);
    }
    if (recorder->empty()) {
      throw Error(ErrorKind::model,
                  folder.string() +
                      ": nothing to pack: the tensors in its files are not aligned; save them again with a "
                      "newer torch",
                  folder);
    }
    std::tie(report.file, report.bytes) =
        write_somewhere(packed_places(folder, header.precision), *recorder, header);
  }
  report.loading_ms = load_and_drop(folder, compute);
  return report;
}

void verify_packed(const PackedFile& file) {
  const PackedHeader header = read_packed_header(file.path);
  const std::shared_ptr<const MappedFile> mapped = MappedFile::open(file.path);
  Sha256 digest;
  digest.add(mapped->bytes().subspan(static_cast<std::size_t>(header.payload)));
  if (digest.text() == header.sha256) return;
  mapped->fail(
      "the packed matrices are damaged: remove the file, or make it again with 'caption models optimize'");
}

}  // namespace caption
