#include "cli/model_terms.h"

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "cli/installation.h"
#include "model/manifest.h"
#include "model/registry.h"

namespace caption::cli {

ModelTerms read_model_terms(const std::filesystem::path& folder) {
  const Manifest manifest = read_manifest(folder);
  return {single_line(manifest.origin), single_line(manifest.license)};
}

void say_terms(const std::string& license) {
  log::info("its licence: " + single_line(license));
}

std::string terms_of_own_models() {
  std::string lines;
  for (const FoundModel& model : list_models({find_installation().models})) {
    lines += "model " + printable(model.name) + '\n';
    try {
      const ModelTerms terms = read_model_terms(model.folder);
      lines += "origin " + terms.origin + "\nlicense " + terms.license + '\n';
    } catch (const Error& error) {
      lines += "damaged " + single_line(error.what()) + '\n';
    }
  }
  return lines;
}

}  // namespace caption::cli
