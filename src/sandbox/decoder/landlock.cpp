#include "sandbox/decoder/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <iterator>

namespace caption {
namespace {

namespace fs = std::filesystem;

/// All that the first version of Landlock knows of: later ones know it, too.
constexpr std::uint64_t kEverything = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;

bool is_alone() {
  std::error_code unknown;
  const fs::directory_iterator threads("/proc/self/task", unknown);
  return !unknown && std::distance(begin(threads), end(threads)) == 1;
}

void permit(int rules, const fs::path& folder) {
  landlock_path_beneath_attr rule{};
  rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  rule.parent_fd = open(folder.c_str(), O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0) return;  // not every system has each of them
  syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  close(rule.parent_fd);
}

}  // namespace

bool confine_to(const std::vector<fs::path>& folders) {
  if (!is_alone()) return false;
  landlock_ruleset_attr all{};
  all.handled_access_fs = kEverything;
  const auto rules =
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &all, sizeof all.handled_access_fs, 0));
  if (rules < 0) return false;
  for (const fs::path& folder : folders) permit(rules, folder);
  const bool done =
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
  close(rules);
  return done;
}

}  // namespace caption
