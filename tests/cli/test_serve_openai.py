"""OpenAI's protocol: what its Python client sends, byte by byte, and what it needs to find in the answers.

scripts/serve/test_openai_client does the same with the client itself, from PyPI.
"""

import base64
import json

import pytest

PICTURE = "data:image/jpeg;base64," + base64.b64encode(b"say a cat on a mat.").decode()


def question(url=PICTURE, **more):
    return {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]}],
        "model": "fake",
        **more,
    }


# As openai-python 2 sends them.
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "Authorization": "Bearer none",
    "Content-Type": "application/json",
    "User-Agent": "OpenAI/Python",
    "X-Stainless-Async": "false",
    "X-Stainless-Lang": "python",
    "X-Stainless-Retry-Count": "0",
    "x-stainless-read-timeout": "600",
}


@pytest.fixture
def service(fake, serve):
    return serve(fake, "--n-best", "2")


def events_of(answer):
    assert answer.headers["content-type"] == "text/event-stream"
    blocks = answer.body.decode().split("\n\n")
    assert blocks[-2:] == ["data: [DONE]", ""] and all(block.startswith("data: ") for block in blocks[:-1])
    return [json.loads(block[len("data: "):]) for block in blocks[:-2]]


def test_a_completion(service):
    answer = service.ask_json("/v1/chat/completions", question(), **HEADERS)
    assert answer.status == 200
    json_answer = answer.json()
    assert json_answer["object"] == "chat.completion" and json_answer["id"].startswith("chatcmpl-") and json_answer["model"] == "fake"
    assert json_answer["created"] > 1_700_000_000
    choice, = json_answer["choices"]
    assert choice == {"index": 0, "message": {"role": "assistant", "content": "a cat on a mat.", "refusal": None}, "logprobs": None, "finish_reason": "stop"}
    assert json_answer["usage"] == {"prompt_tokens": 0, "completion_tokens": 3, "total_tokens": 3}


def test_a_streamed_completion(service):
    events = events_of(service.ask_json("/v1/chat/completions", question(stream=True, stream_options={"include_usage": True}), **HEADERS))
    assert {event["object"] for event in events} == {"chat.completion.chunk"} and len({event["id"] for event in events}) == 1
    assert "".join(event["choices"][0]["delta"].get("content", "") for event in events[:-1]) == "a cat on a mat."
    assert events[0]["choices"][0]["delta"]["role"] == "assistant" and events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["choices"] == [] and events[-1]["usage"]["completion_tokens"] == 3


def test_a_caption_that_was_cut_says_so(service):
    cut = question()
    cut["messages"][0]["content"][-1]["image_url"]["url"] = "data:image/png;base64," + base64.b64encode(b"cut say a cat on").decode()
    assert service.ask_json("/v1/chat/completions", cut).json()["choices"][0]["finish_reason"] == "length"
    assert events_of(service.ask_json("/v1/chat/completions", {**cut, "stream": True}))[-1]["choices"][0]["finish_reason"] == "length"


def test_several_choices_and_several_pictures(service):
    choices = service.ask_json("/v1/chat/completions", question(n=2)).json()["choices"]
    assert [(choice["index"], choice["message"]["content"]) for choice in choices] == [(0, "a cat on a mat."), (1, "a cat on a mat. (2)")]
    several = question()
    other = "data:image/png;base64," + base64.b64encode(b"say two.").decode()
    several["messages"][0]["content"].append({"type": "image_url", "image_url": {"url": other, "detail": "low"}})
    assert service.ask_json("/v1/chat/completions", several).json()["choices"][0]["message"]["content"] == "a cat on a mat.\ntwo."


def test_errors_as_the_client_reads_them(service):
    corrupt = "data:image/jpeg;base64," + base64.b64encode(b"corrupt").decode()
    for request, status, code in ((question(n=3), 400, "bad_request"), (question(corrupt), 422, "corrupt"), (question("https://example.org/a.jpg"), 400, "url_not_fetched"),
                                  ({**question(), "model": "gpt-4o"}, 404, "model_not_found")):
        answer = service.ask_json("/v1/chat/completions", request)
        error = answer.json()["error"]
        assert (answer.status, error["code"], error["type"]) == (status, code, "invalid_request_error") and error["message"]


def test_models(service):
    listed = service.ask("GET", "/v1/models").json()
    assert listed["object"] == "list"
    model, = listed["data"]
    assert (model["id"], model["object"]) == ("fake", "model")
    assert service.ask("GET", "/v1/models/fake").json() == model
    assert service.ask("GET", "/v1/models/other").status == 404
