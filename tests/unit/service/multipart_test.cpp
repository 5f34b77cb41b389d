#include "service/multipart.h"

#include <gtest/gtest.h>

#include "service/problem.h"

namespace caption {
namespace {

constexpr const char* kType = "multipart/form-data; boundary=\"xyz\"";

TEST(Multipart, TheFileOfABrowsersForm) {
  const std::string body =
      "preamble\r\n--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
      "--xyz\r\nContent-Type: image/jpeg\r\ncontent-disposition: form-data; name=\"f\"; filename=\"a "
      "\\\"b\\\"; c.jpg\"\r\n\r\n"
      "\xff\xd8 bytes\r\n--xy not the end\r\n\r\n--xyz--\r\n";
  const FormFile file = file_of_form(kType, body);
  EXPECT_EQ(file.name, "a \"b\"; c.jpg");
  EXPECT_EQ(file.bytes, "\xff\xd8 bytes\r\n--xy not the end\r\n");
}

TEST(Multipart, APartCalledImageNeedsNoFileName) {
  const FormFile file = file_of_form("Multipart/Form-Data; charset=x; Boundary=q;",
                                     "--q\r\nContent-Disposition: form-data; name=image\r\n\r\nabc\r\n--q--");
  EXPECT_EQ(file.name, "");
  EXPECT_EQ(file.bytes, "abc");
}

TEST(Multipart, AnEmptyFileAndAPartWithoutHeaders) {
  EXPECT_EQ(
      file_of_form(kType, "--xyz\r\nContent-Disposition: form-data; filename=\"\"\r\n\r\n\r\n--xyz--").bytes,
      "");
  EXPECT_THROW(file_of_form(kType, "--xyz\r\n\r\nabc\r\n--xyz--"), Problem);
}

TEST(Multipart, WhatIsNotWholeOrNotOnePicture) {
  const std::string file = "--xyz\r\nContent-Disposition: form-data; filename=\"a\"\r\n\r\nabc\r\n";
  EXPECT_EQ(file_of_form(kType, file + "--xyz--").bytes, "abc");
  EXPECT_THROW(file_of_form(kType, file + file + "--xyz--"), Problem);
  for (std::size_t length = 0; length < file.size() + 6; ++length)
    EXPECT_THROW(file_of_form(kType, (file + "--xyz--").substr(0, length)), Problem) << length;
  EXPECT_THROW(file_of_form("multipart/form-data", file + "--xyz--"), Problem);
  EXPECT_THROW(file_of_form("multipart/form-data; boundary=", file + "--xyz--"), Problem);
  EXPECT_THROW(file_of_form(kType, "--xyz--"), Problem);
}

}  // namespace
}  // namespace caption
