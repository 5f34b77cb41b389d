"""What OpenAI's client gets from `caption serve`, beside the records of `caption --json`. Run by test_openai_client."""

import asyncio
import base64
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import openai

PROGRAM = sys.argv[1]
PICTURES = sorted((Path(__file__).resolve().parents[2] / "models/photographs/pictures").glob("*.jpg"))
MODEL = "photographs"


def messages(*contents):
    parts = [{"type": "image_url", "image_url": {"url": "data:image/jpeg;base64," + base64.b64encode(content).decode()}} for content in contents]
    return [{"role": "user", "content": [{"type": "text", "text": "Describe this picture."}, *parts]}]


def status_of(call):
    try:
        call()
    except openai.APIStatusError as error:
        return error.status_code, error.code
    return None


def check(client, records):
    assert [model.id for model in client.models.list()] == [MODEL] and client.models.retrieve(MODEL).id == MODEL
    for picture in PICTURES:
        asked = {"model": MODEL, "messages": messages(picture.read_bytes()), "temperature": 0.2, "max_tokens": 100}
        completion = client.chat.completions.create(**asked)
        assert completion.choices[0].message.content == records[picture]["caption"] and completion.choices[0].finish_reason == "stop"
        assert completion.usage.completion_tokens > 0
        chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == records[picture]["caption"]
        assert chunks[-1].usage == completion.usage
    first = PICTURES[0].read_bytes()
    choices = client.chat.completions.create(model=MODEL, messages=messages(first), n=2).choices
    assert [choice.message.content for choice in choices] == [caption["caption"] for caption in records[PICTURES[0]]["captions"][:2]]
    several = client.chat.completions.create(model=MODEL, messages=messages(first, PICTURES[1].read_bytes())).choices[0].message.content
    assert several == records[PICTURES[0]]["caption"] + "\n" + records[PICTURES[1]]["caption"]
    with client.chat.completions.stream(model=MODEL, messages=messages(first)) as stream:
        assert stream.get_final_completion().choices[0].message.content == records[PICTURES[0]]["caption"]
    web = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.jpg"}}]}]
    for call, expected in (
        (lambda: client.chat.completions.create(model="gpt-4o", messages=messages(first)), (404, "model_not_found")),
        (lambda: client.chat.completions.create(model=MODEL, messages=messages(b"nothing")), (415, "unsupported_format")),
        (lambda: client.chat.completions.create(model=MODEL, messages=messages(first[:2000])), (422, "corrupt")),
        (lambda: client.chat.completions.create(model=MODEL, messages=messages(first), n=3), (400, "bad_request")),
        (lambda: client.chat.completions.create(model=MODEL, messages=web), (400, "url_not_fetched")),
        (lambda: client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hello"}]), (400, "no_picture")),
        (lambda: client.with_options(api_key="wrong").models.list(), (401, "unauthorized")),
    ):
        assert status_of(call) == expected, (status_of(call), expected)


async def check_many(client, records):
    """As many at a time as programs send that know how."""
    pictures = PICTURES * 5
    answers = await asyncio.gather(*[client.chat.completions.create(model=MODEL, messages=messages(picture.read_bytes())) for picture in pictures])
    assert [answer.choices[0].message.content for answer in answers] == [records[picture]["caption"] for picture in pictures]


def ask(server, records):
    for line in server.stderr:
        if found := re.search(r"listening on (http://\S+)", line):
            address = {"base_url": found[1] + "/v1", "api_key": "a-token"}
        if "is loaded" in line:
            break
    check(openai.OpenAI(**address, max_retries=0), records)
    asyncio.run(check_many(openai.AsyncOpenAI(**address), records))


def main():
    lines = subprocess.run([PROGRAM, "--model", MODEL, "--json", "--n-best", "2", *PICTURES], stdout=subprocess.PIPE, check=True).stdout.splitlines()
    records = dict(zip(PICTURES, map(json.loads, lines)))
    with tempfile.NamedTemporaryFile("w", suffix=".token") as token:
        token.write("a-token\n")
        token.flush()
        command = [PROGRAM, "serve", "--model", MODEL, "--listen", "127.0.0.1:0", "--n-best", "2", "--token-file", token.name]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            ask(server, records)
        finally:
            server.terminate()
            assert server.wait(timeout=60) == 0
            server.stderr.close()
    print(f"openai {openai.__version__}: {len(PICTURES)} pictures, plain and streamed, errors, and 50 at a time: as 'caption --json'")


if __name__ == "__main__":
    main()
