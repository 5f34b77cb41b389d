#include "service/chat.h"

#include <gtest/gtest.h>

#include "service/problem.h"

namespace caption {
namespace {

Json request(const std::string& content) {
  return Json::parse(
      R"({"model": "m", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": )" +
      content + "}]}");
}

std::string picture(const std::string& base64) {
  return R"({"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,)" + base64 + R"("}})";
}

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string code_of(const Json& json, std::size_t choices = 1) {
  try {
    parse_chat(json, "m", choices);
    return "";
  } catch (const Problem& problem) {
    return problem.code();
  }
}

TEST(Chat, ThePicturesOfTheLastMessageThatHasAny) {
  Json json = request("[" + picture("YQ==") + R"(, {"type": "text", "text": "t"}, )" + picture("Yg") + "]");
  json["messages"].push_back({{"role", "assistant"}, {"content", "A cat."}});
  json["messages"].push_back({{"role", "user"}, {"content", "And?"}});
  const ChatRequest chat = parse_chat(json, "m", 1);
  ASSERT_EQ(chat.pictures.size(), 2U);
  EXPECT_EQ(text_of(chat.pictures[0]), "a");
  EXPECT_EQ(text_of(chat.pictures[1]), "b");
  EXPECT_FALSE(chat.stream);
  EXPECT_EQ(parse_chat(request(R"([{"type": "image_url", "image_url": "data:;base64,YQ=="}])"), "m", 1)
                .pictures.size(),
            1U);
}

TEST(Chat, WhatIsRefused) {
  const Json right = request("[" + picture("YQ==") + "]");
  const auto with = [&](const char* member, Json value) {
    Json json = right;
    json[member] = std::move(value);
    return json;
  };
  EXPECT_EQ(code_of(right), "");
  EXPECT_EQ(code_of(with("temperature", 0.7)), "");
  EXPECT_EQ(code_of(with("n", 2), 2), "");
  EXPECT_EQ(code_of(with("n", 2)), "bad_request");
  EXPECT_EQ(code_of(with("n", 0), 2), "bad_request");
  EXPECT_EQ(code_of(with("n", "1"), 2), "bad_request");
  EXPECT_EQ(code_of(with("stream", "yes")), "bad_request");
  EXPECT_EQ(code_of(with("model", "gpt-4o")), "model_not_found");
  EXPECT_EQ(code_of(with("model", nullptr)), "bad_request");
  EXPECT_EQ(code_of(with("messages", "hello")), "bad_request");
  EXPECT_EQ(code_of(with("messages", {1})), "bad_request");
  EXPECT_EQ(code_of(request("\"hello\"")), "no_picture");
  EXPECT_EQ(code_of(request("[" + picture("Y") + "]")), "bad_request");
  EXPECT_EQ(code_of(request(R"([{"type": "image_url"}])")), "bad_request");
  for (const char* url :
       {"http://127.0.0.1/a.jpg", "https://example.org/a.jpg", "file:///etc/passwd", "/etc/passwd", ""})
    EXPECT_EQ(
        code_of(request(R"([{"type": "image_url", "image_url": {"url": ")" + std::string(url) + R"("}}])")),
        "url_not_fetched");
}

TEST(Chat, EventsGiveTheWholeTextAgain) {
  const ChatCaptions captions = {{{"A cat  sat.", {1, 2, 3}}}, {{"Two.", {4}}}};
  const ChatStamp stamp{"id", 7, "m"};
  const ChatRequest chat{{}, 1, true, true};
  std::string text;
  std::string rest = chat_events(stamp, chat, captions);
  Json last;
  while (rest != "data: [DONE]\n\n") {
    ASSERT_TRUE(rest.starts_with("data: "));
    const std::size_t end = rest.find("\n\n");
    const Json event = Json::parse(rest.substr(6, end - 6));
    EXPECT_EQ(event["object"], "chat.completion.chunk");
    if (!event["choices"].empty()) text += event["choices"][0]["delta"].value("content", "");
    last = event;
    rest.erase(0, end + 2);
  }
  EXPECT_EQ(text, "A cat  sat.\nTwo.");
  EXPECT_EQ(last["usage"]["completion_tokens"], 4);
  EXPECT_EQ(chat_completion(stamp, chat, captions)["choices"][0]["message"]["content"], text);
}

TEST(Chat, AChoiceSaysIfOneOfItsCaptionsWasCut) {
  ChatCaptions captions = {{{"A cat.", {1}}, {"A", {2}}}, {{"Two.", {4}}, {"No.", {4}}}};
  captions[0][1].finish = Finish::length;
  const Json choices = chat_completion({"id", 7, "m"}, {{}, 2}, captions)["choices"];
  EXPECT_EQ(choices[0]["finish_reason"], "stop");
  EXPECT_EQ(choices[1]["finish_reason"], "length");
}

}  // namespace
}  // namespace caption
