#include "cli/serve/options.h"

#include "cli/batch_flags.h"
#include "cli/decode_flags.h"
#include "cli/model_flags.h"
#include "cli/parser.h"
#include "cli/word_flags.h"

namespace caption::cli {
namespace {

constexpr const char* kUsage =
    "  caption serve [OPTION]...                     answers HTTP on 127.0.0.1:8080\n"
    "  caption serve --stdin [OPTION]...             answers JSON Lines on standard input\n"
    "\n"
    "Loads the model once and captions pictures until SIGTERM or Ctrl-C, or until standard\n"
    "input ends; what was accepted before is answered. Pictures of all clients go through\n"
    "the model together. Captions are those of 'caption --json' with the same options.\n";

constexpr const char* kFooter = R"help(HTTP:
  POST /caption               a picture's bytes, a form with one file, or JSON as below;
                              the answer is a record as of 'caption --json'
  POST /v1/chat/completions   OpenAI's protocol: the pictures of the last message that
                              has any, as data URLs; streamed or not; "n" captions if
                              --n-best has as many. Texts, "temperature", "max_tokens"
                              and the like have no effect: captions are searched for as
                              the server's options say
  GET /v1/models, /healthz (503 while the model is loaded), /metrics (Prometheus), and
  /, a form for browsers

  400 bad request; 401 no token; 403 another host's name, or files are not read; 404 no
  such file; 408 sent too slowly; 413 too large; 415 no format that is read; 422 a broken
  picture; 429 too many are waiting and 503 loading, stopping or too late, both with
  Retry-After. The body says what and why:
  {"error": {"code", "message"}}.

JSON Lines: a request is an object on a line, its answer a record on a line, with the
request's "id", if there is one:
  {"image": BASE64, "name": "a.jpg", "id": 1}   "name" and "id" may be left out
  {"path": "photos/a.jpg"}                      a file of --root; "path_base64" for
                                                names that are no UTF-8

No URL is fetched, and no file opened but those below --root. Whoever can connect can use
the server: beyond this machine it listens only with --token-file. It speaks no TLS: put
nginx or the like in front. Under systemd, it takes the socket of a socket unit.

Examples:
  caption serve
  curl --data-binary @photo.jpg http://127.0.0.1:8080/caption
  curl -F image=@photo.jpg http://127.0.0.1:8080/caption
  caption serve --listen 0.0.0.0:8080 --token-file token
  curl -H "Authorization: Bearer $(cat token)" --data-binary @a.jpg host:8080/caption
  OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=none    for OpenAI's clients
  caption serve --stdin --unordered --root /photos < requests.jsonl > records.jsonl
)help";

using Options = ServeOptions;

Flags<Options> request_flags() {
  return {
      on("--stdin", &Options::from_stdin, "Answer JSON Lines on standard input instead of HTTP"),
      on("--unordered", &Options::unordered, "Each answer as soon as it is there, not in the requests' order")
          .needs({"--stdin"}, "--unordered is for --stdin"),
      name("--listen", &Options::listen, "ADDRESS",
           "Where: IP:PORT; port 0 is any that is free [default " + Options().listen + "]")
          .excludes({"--stdin"}, "--listen is for HTTP: it does not go with --stdin"),
      name("--token-file", &Options::token_file, "FILE",
           "Answer only those who send the token in FILE's first line as 'Authorization: Bearer TOKEN'")
          .excludes({"--stdin"}, "--token-file is for HTTP: it does not go with --stdin"),
      text("--allow-host", &Options::allow_hosts,
           "Without a token, only requests for localhost or a loopback address are answered, by their Host "
           "header: allow TEXT, too, as a proxy in front may send it; may be given several times")
          .excludes({"--stdin"}, "--allow-host is for HTTP: it does not go with --stdin")
          .excludes({"--token-file"},
                    "--allow-host is for servers without --token-file: with one, any host is answered")
          .check([](const Options& options) {
            for (const std::string& host : options.allow_hosts) {
              if (host.empty() || host.find_first_of("/ *") != std::string::npos)
                return "--allow-host takes the name or the address of a host, as captions.example.org: '" +
                       host + "' is none";
            }
            return std::string();
          }),
      name("--root", &Options::root, "FOLDER",
           "Requests may name files below FOLDER, and none outside of it"),
  };
}

Flags<Options> limit_flags() {
  return {
      number("--max-body", &Options::max_body, {0.001, 2000.0},
             "Refuse requests of more than X megabytes; all at a time have 16 times as many at most"),
      number("--max-waiting", &Options::max_waiting, {1, 1000000},
             "Refuse pictures when N are waiting for the model"),
      number("--max-connections", &Options::max_connections, {1, 1000000},
             "Connections at a time; a new one takes the place of the one that has been idle longest"),
      number("--deadline", &Options::deadline, {0.01, 86400.0},
             "Answer 503 when a picture has no caption X seconds after it came"),
      number("--body-timeout", &Options::body_timeout, {0.01, 86400.0},
             "Answer 408 when a request's body takes longer than X seconds and one more for each 16 KiB"),
  };
}

Flags<Options> output_flags() {
  return {
      on("-v,--verbose", &Options::verbose, "A line on standard error for each request: its size and time"),
      on("--quiet", &Options::quiet, "No notes or warnings, only errors")
          .excludes({"--verbose"}, "--quiet does not go with --verbose"),
  };
}

}  // namespace

Parsed<ServeConfig> parse_serve(const std::vector<std::string>& arguments) {
  ServeConfig config;
  Parser parser({"caption serve", "captions for other programs", kUsage, kFooter});
  parser.add("Requests", request_flags(), config.serve);
  parser.add("Limits", limit_flags(), config.serve);
  parser.add("Limits", image_flags(), config.batch.image);
  parser.add("Model", model_name_flags<ServeConfig>(), config);
  parser.add("Model", model_flags(), config.model_options);
  parser.add("Model", batch_flags(), config.batch.sizes);
  parser.add("Captions", decode_flags(), config.batch.decode);
  parser.add("Captions", rerank_flags(), config.batch.decode);
  parser.add("Words", word_flags(), config.batch.decode);
  parser.add("Output", output_flags(), config.serve);
  parser.take_settings();
  if (auto help = parser.parse(arguments)) return PrintHelp{*help};
  parser.check();
  config.batch.readers = reader_threads(config.model_options.threads);
  config.batch.in_order = config.serve.from_stdin && !config.serve.unordered;
  return config;
}

}  // namespace caption::cli
