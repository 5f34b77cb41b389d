#include "service/host_names.h"

#include <gtest/gtest.h>

namespace caption {
namespace {

TEST(HostNames, ThisMachineAndNoOther) {
  const HostNames names({});
  for (const char* host : {"localhost", "LocalHost:8080", "localhost.", "localhost.:80", "127.0.0.1",
                           "127.0.0.1:8080", "127.1.2.3", "[::1]", "[::1]:8080", "[0:0:0:0:0:0:0:1]", ""})
    EXPECT_TRUE(names.know(host)) << host;
  for (const char* host : {"evil.example",
                           "evil.example:8080",
                           "localhost.evil.example",
                           "127.0.0.1.evil.example",
                           "evil.localhost.example",
                           "127.1",
                           "2130706433",
                           "0x7f.1",
                           "0.0.0.0",
                           "10.0.0.1",
                           "[::]",
                           "[::2]:80",
                           "[fe80::1]",
                           "[::1.evil.example]",
                           "[",
                           "[]",
                           ":",
                           ":80",
                           ".",
                           "..",
                           "localhost..",
                           "local",
                           "localhost@evil.example",
                           "evil.example/127.0.0.1",
                           " localhost"})
    EXPECT_FALSE(names.know(host)) << host;
}

TEST(HostNames, ThoseThatAreNamed) {
  const HostNames names({"Captions.Example.org", "10.0.0.7", "[fe80::1]:8080"});
  for (const char* host : {"captions.example.org", "CAPTIONS.example.org.:443", "10.0.0.7:80", "[fe80::1]"})
    EXPECT_TRUE(names.know(host)) << host;
  for (const char* host : {"example.org", "more.captions.example.org", "10.0.0.8", "[fe80::2]"})
    EXPECT_FALSE(names.know(host)) << host;
}

}  // namespace
}  // namespace caption
