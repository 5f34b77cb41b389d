#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "caption/captioner.h"
#include "records/json.h"

namespace caption {

/// What OpenAI's clients send to /v1/chat/completions, as far as a captioner has a use for it.
struct ChatRequest {
  std::vector<std::vector<std::byte>> pictures;  ///< of the last message that has any
  std::size_t choices = 1;                       ///< captions of each
  bool stream = false;
  bool usage = false;  ///< streamed, too
};

/// `model`: the name that has to be asked for; `most_choices`: captions that there are. Throws Problem.
ChatRequest parse_chat(const Json& json, const std::string& model, std::size_t most_choices);

/// The captions of a request's pictures, by picture and rank.
using ChatCaptions = std::vector<std::vector<Caption>>;

/// How an answer is told from others.
struct ChatStamp {
  std::string id;  ///< "chatcmpl-..."
  std::int64_t created = 0;
  std::string model;
};

/// An object "chat.completion": in each choice, a line per picture.
Json chat_completion(const ChatStamp& stamp, const ChatRequest& request, const ChatCaptions& captions);

/// The same as server-sent events, word by word.
std::string chat_events(const ChatStamp& stamp, const ChatRequest& request, const ChatCaptions& captions);

/// /v1/models
Json model_list(const std::string& model, std::int64_t created);
/// /v1/models/NAME
Json model_object(const std::string& model, std::int64_t created);

}  // namespace caption
