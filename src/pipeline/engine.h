#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/import_request.h"
#include "model/pack_report.h"
#include "caption/benchmark.h"
#include "caption/captioner.h"
#include "caption/doctor.h"
#include "caption/explanation.h"

namespace caption {

/// The part of the program that needs LibTorch and OpenCV, in a shared library of its own, so that `--help`
/// does not pay for loading them. A table of functions, because it is opened at run time.
struct Engine {
  std::unique_ptr<Captioner> (*load_captioner)(const std::filesystem::path& folder,
                                               const ModelOptions& options);
  /// Checks the files and the pair, loads them once and writes the bundle; nothing is left behind if it
  /// fails.
  void (*import_bundle)(const ImportRequest& request);
  /// Keeps a bundle's matrices as they are used with these options, for faster starts: model/pack.h.
  PackReport (*pack_bundle)(const std::filesystem::path& folder, const ModelOptions& options);
  /// Compares every file of a bundle with its size and sha256, and its packed matrices with theirs, if they
  /// are in use. Throws Error(model) naming the file that differs.
  void (*verify_bundle)(const std::filesystem::path& folder);
  /// The square that a model sees of an image file, as a JPEG file's bytes of at most side x side pixels.
  std::vector<std::byte> (*encode_square)(std::span<const std::byte> file_bytes, const ImageOptions& options,
                                          int side);
  /// A word's heat [cells, cells] as a PNG with transparency, side x side, to be laid over that square.
  std::vector<std::byte> (*encode_heat_map)(std::span<const double> heat, int cells, int side);
  /// An image file's explanation as one picture, a PNG file's bytes.
  std::vector<std::byte> (*encode_contact_sheet)(std::span<const std::byte> file_bytes,
                                                 const ImageOptions& options, const Explanation& explanation);
  /// Measures a model, stage by stage: measure/benchmark.h.
  BenchmarkReport (*benchmark)(const BenchmarkRequest& request);
  /// Examines the machine, the installation and a model: doctor/doctor.h.
  DoctorReport (*doctor)(const DoctorRequest& request);
  /// Versions of the libraries and the instruction sets in use, "name value" lines.
  std::string (*versions)();
};

}  // namespace caption

/// The library's one entry point.
extern "C" const caption::Engine* caption_engine();
