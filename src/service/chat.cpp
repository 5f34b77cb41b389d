#include "service/chat.h"

#include <algorithm>
#include <utility>

#include "service/data_url.h"
#include "service/problem.h"

namespace caption {
namespace {

constexpr std::size_t kMostPictures = 16;

/// A member of an object, or null.
const Json& member(const Json& object, const char* name) {
  static const Json null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

bool flag(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_null() && !value.is_boolean())
    throw bad_request("\"" + std::string(name) + "\" is neither true nor false");
  return value.is_boolean() && value.get<bool>();
}

/// The picture of {"type": "image_url", "image_url": {"url": URL}}; some send the URL alone.
std::vector<std::byte> picture_of(const Json& part) {
  const Json& image = member(part, "image_url");
  const Json& url = image.is_object() ? member(image, "url") : image;
  if (!url.is_string()) throw bad_request("a part \"image_url\" has no \"url\"");
  return picture_of_data_url(url.get_ref<const std::string&>());
}

std::vector<std::vector<std::byte>> pictures_of(const Json& message) {
  std::vector<std::vector<std::byte>> pictures;
  if (!message.is_object()) throw bad_request("a message is an object");
  const Json& content = member(message, "content");
  if (!content.is_array()) return pictures;
  for (const Json& part : content) {
    if (!part.is_object() || member(part, "type") != "image_url") continue;
    if (pictures.size() == kMostPictures)
      throw bad_request("a message has at most " + std::to_string(kMostPictures) + " pictures");
    pictures.push_back(picture_of(part));
  }
  return pictures;
}

/// A line per picture; of a rank that not all have, the best.
std::string content_of(const ChatCaptions& captions, std::size_t rank) {
  std::string text;
  for (const std::vector<Caption>& of_picture : captions)
    text += (text.empty() ? "" : "\n") + of_picture.at(rank).text;
  return text;
}

/// "length" if a caption of the choice was cut.
const char* finish_of(const ChatCaptions& captions, std::size_t rank) {
  const auto cut = [rank](const std::vector<Caption>& of_picture) {
    return of_picture.at(rank).finish == Finish::length;
  };
  return std::any_of(captions.begin(), captions.end(), cut) ? "length" : "stop";
}

Json usage_of(const ChatCaptions& captions, std::size_t choices) {
  std::size_t tokens = 0;
  for (const std::vector<Caption>& of_picture : captions) {
    for (std::size_t rank = 0; rank < choices; ++rank) tokens += of_picture.at(rank).tokens.size();
  }
  return {{"prompt_tokens", 0}, {"completion_tokens", tokens}, {"total_tokens", tokens}};
}

Json stamped(const ChatStamp& stamp, const char* object) {
  return {{"id", stamp.id}, {"object", object}, {"created", stamp.created}, {"model", stamp.model}};
}

std::string event(const Json& json) {
  return "data: " + json_line(json) + "\n";
}

/// "A cat sat." -> "A", " cat", " sat."
std::vector<std::string> pieces_of(const std::string& text) {
  std::vector<std::string> pieces;
  for (const char c : text) {
    if (pieces.empty() || c == ' ' || c == '\n') pieces.emplace_back();
    pieces.back() += c;
  }
  return pieces;
}

}  // namespace

ChatRequest parse_chat(const Json& json, const std::string& model, std::size_t most_choices) {
  const Json& asked = member(json, "model");
  if (!asked.is_string()) throw bad_request("\"model\" is missing: this server has '" + model + "'");
  if (asked != model)
    throw Problem(404, "model_not_found", "there is no such model: this server has '" + model + "'");
  ChatRequest request;
  request.stream = flag(json, "stream");
  if (const Json& options = member(json, "stream_options"); options.is_object())
    request.usage = flag(options, "include_usage");
  if (const Json& choices = member(json, "n"); !choices.is_null()) {
    if (!choices.is_number_integer() || choices < 1 || choices > most_choices) {
      throw bad_request("\"n\" is from 1 to " + std::to_string(most_choices) +
                        ", the number of captions that this server makes of a picture");
    }
    request.choices = choices.get<std::size_t>();
  }
  const Json& messages = member(json, "messages");
  if (!messages.is_array()) throw bad_request("\"messages\" is no list");
  for (auto message = messages.rbegin(); message != messages.rend() && request.pictures.empty(); ++message)
    request.pictures = pictures_of(*message);
  if (request.pictures.empty()) {
    throw Problem(
        400, "no_picture",
        "no message has a picture, and this model only captions pictures: send a part of type \"image_url\"");
  }
  return request;
}

Json chat_completion(const ChatStamp& stamp, const ChatRequest& request, const ChatCaptions& captions) {
  Json json = stamped(stamp, "chat.completion");
  json["choices"] = Json::array();
  for (std::size_t rank = 0; rank < request.choices; ++rank) {
    json["choices"].push_back(
        {{"index", rank},
         {"message", {{"role", "assistant"}, {"content", content_of(captions, rank)}, {"refusal", nullptr}}},
         {"logprobs", nullptr},
         {"finish_reason", finish_of(captions, rank)}});
  }
  json["usage"] = usage_of(captions, request.choices);
  return json;
}

std::string chat_events(const ChatStamp& stamp, const ChatRequest& request, const ChatCaptions& captions) {
  std::string events;
  const auto add = [&](std::size_t rank, Json delta, Json finish) {
    Json json = stamped(stamp, "chat.completion.chunk");
    json["choices"] = {{{"index", rank},
                        {"delta", std::move(delta)},
                        {"logprobs", nullptr},
                        {"finish_reason", std::move(finish)}}};
    if (request.usage) json["usage"] = nullptr;
    events += event(json);
  };
  for (std::size_t rank = 0; rank < request.choices; ++rank) {
    add(rank, {{"role", "assistant"}, {"content", ""}}, nullptr);
    for (const std::string& piece : pieces_of(content_of(captions, rank)))
      add(rank, {{"content", piece}}, nullptr);
    add(rank, Json::object(), finish_of(captions, rank));
  }
  if (request.usage) {
    Json json = stamped(stamp, "chat.completion.chunk");
    json["choices"] = Json::array();
    json["usage"] = usage_of(captions, request.choices);
    events += event(json);
  }
  return events + "data: [DONE]\n\n";
}

Json model_object(const std::string& model, std::int64_t created) {
  return {{"id", model}, {"object", "model"}, {"created", created}, {"owned_by", "caption"}};
}

Json model_list(const std::string& model, std::int64_t created) {
  return {{"object", "list"}, {"data", Json::array({model_object(model, created)})}};
}

}  // namespace caption
