#include "base/shared_library.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "scratch_folder.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

using SharedLibrary = ScratchFolder;

TEST_F(SharedLibrary, OnesThatAreNotThereBelongInLibCaption) {
  const fs::path path = library_path("libnobody_has_this.so");
  EXPECT_TRUE(path.is_absolute());
  EXPECT_EQ(path.lexically_normal().parent_path().filename(), "caption");
  EXPECT_EQ(path.lexically_normal().parent_path().parent_path().filename(), "lib");
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(SharedLibrary, OnesBesideTheProgramAreFound) {
  const fs::path beside = fs::canonical("/proc/self/exe").parent_path() / "libbase_test.so";
  std::ofstream(beside) << "not one at all";
  EXPECT_TRUE(fs::equivalent(library_path("libbase_test.so"), beside));
  fs::remove(beside);
}

TEST_F(SharedLibrary, ReasonsSayWhatIsWrong) {
  std::string reason;
  EXPECT_EQ(open_function(folder_ / "gone.so", "f", reason), nullptr);
  EXPECT_NE(reason.find((folder_ / "gone.so").string()), std::string::npos) << reason;
  write("text.so", "not a library");
  EXPECT_EQ(open_function(folder_ / "text.so", "f", reason), nullptr);
  EXPECT_NE(reason.find((folder_ / "text.so").string()), std::string::npos) << reason;
  EXPECT_EQ(open_function("libc.so.6", "no_such_function", reason), nullptr);
  EXPECT_NE(reason.find("no_such_function"), std::string::npos) << reason;
}

TEST_F(SharedLibrary, EntryPointsAreCalled) {
  std::string reason;
  using ProcessId = int (*)();
  void* const function = open_function("libc.so.6", "getpid", reason);
  ASSERT_NE(function, nullptr) << reason;
  EXPECT_EQ(reinterpret_cast<ProcessId>(function)(), ::getpid());
  // An entry point that returns a pointer; without the function, none.
  using Environment = char** (*)();
  EXPECT_EQ(from_library<Environment>("libc.so.6", "no_such_function", reason), nullptr);
  using Location = int* (*)();
  EXPECT_EQ(from_library<Location>("libc.so.6", "__errno_location", reason), &errno);
}

}  // namespace
}  // namespace caption
