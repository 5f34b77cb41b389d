#include "pages/relative_url.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace caption {
namespace {

namespace fs = std::filesystem;

TEST(RelativeUrl, LeadsFromThePageToTheFile) {
  EXPECT_EQ(relative_url("/a/b", "/a/b/c.jpg"), "c.jpg");
  EXPECT_EQ(relative_url("/a/b", "/a/c/d.jpg"), "../c/d.jpg");
  EXPECT_EQ(relative_url("/a/b/", "/a/b/../x.jpg"), "../x.jpg");
  EXPECT_EQ(relative_url("", "photos/x.jpg"), "photos/x.jpg");
  EXPECT_EQ(relative_url("reports", "x.jpg"), "../x.jpg");
  EXPECT_EQ(relative_url(".", "./x.jpg"), "x.jpg");
}

TEST(RelativeUrl, EncodesWhatIsNotPlain) {
  EXPECT_EQ(relative_url("/a", "/a/b c?d#e%f\"'<>&.jpg"), "b%20c%3Fd%23e%25f%22%27%3C%3E%26.jpg");
  EXPECT_EQ(relative_url("/a", "/a/javascript:alert(1)"), "javascript%3Aalert%281%29");
  EXPECT_EQ(relative_url("/a", "/a/caf\xC3\xA9 \xE9\n.jpg"), "caf%C3%A9%20%E9%0A.jpg");
}

TEST(RelativeUrl, GoesTheWayOfTheDiskThroughLinks) {
  const fs::path scratch = fs::temp_directory_path() / ("caption-url-" + std::to_string(::getpid()));
  fs::create_directories(scratch / "real/photos");
  fs::create_directory_symlink("real/photos", scratch / "link");
  EXPECT_EQ(relative_url(scratch, scratch / "link/../x.jpg"), "real/x.jpg");
  EXPECT_EQ(relative_url(scratch / "link", scratch / "x.jpg"), "../../x.jpg");
  fs::remove_all(scratch);
}

}  // namespace
}  // namespace caption
