#include "service/parse_json.h"

#include <gtest/gtest.h>

#include "service/problem.h"

namespace caption {
namespace {

TEST(ParseJson, AnObject) {
  EXPECT_EQ(parse_json_object(R"({"a": [1, {"b": "ä"}]})").dump(), R"({"a":[1,{"b":"ä"}]})");
}

TEST(ParseJson, WhatIsNoObject) {
  for (const char* text : {"", "[]", "1", "{", "{}{}", "{\"a\":\"\xff\"}", "{\"a\":01}"})
    EXPECT_THROW(parse_json_object(text), Problem) << text;
}

TEST(ParseJson, DepthAndNumberOfValuesAreBounded) {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_NO_THROW(parse_json_object(nested(20)));
  EXPECT_THROW(parse_json_object(nested(1000000)), Problem);
  std::string wide = "{\"a\":[0";
  for (int i = 0; i < 200000; ++i) wide += ",0";
  EXPECT_THROW(parse_json_object(wide + "]}"), Problem);
}

}  // namespace
}  // namespace caption
