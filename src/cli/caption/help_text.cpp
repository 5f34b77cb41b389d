#include "cli/caption/help_text.h"

#include "inputs/image_names.h"

namespace caption::cli {

std::string usage_text() {
  return "  caption [OPTION]... INPUT...\n"
         "  caption explain [OPTION]... IMAGE             (see 'caption explain --help')\n"
         "  caption eval [OPTION]... CAPTIONS REFERENCES  (see 'caption eval --help')\n"
         "  caption embed [OPTION]... INPUT...            (see 'caption embed --help')\n"
         "  caption score [OPTION]... IMAGE TEXT...       (see 'caption score --help')\n"
         "  caption train [OPTION]... CAPTIONS --out DIR  (see 'caption train --help')\n"
         "  caption bench [OPTION]... [INPUT]...          (see 'caption bench --help')\n"
         "  caption doctor [OPTION]...                    (see 'caption doctor --help')\n"
         "  caption serve [OPTION]...                     (see 'caption serve --help')\n"
         "  caption models COMMAND ...                    (see 'caption models --help')\n"
         "  caption completions SHELL                     (see 'caption completions --help')\n"
         "  caption manual [COMMAND]...                   (see 'caption manual --help')\n"
         "\n"
         "INPUT is an image file, '-' for one image's bytes on standard input, a tar archive\n"
         "(a.tar, a.tgz, ..., or several: 'shard-{000..099}.tar') for the images in it, or a\n"
         "folder: its image files, sorted by name, without hidden ones. Image files in\n"
         "folders and archives end\n"
         "in " +
         image_extensions_text("\n") +
         ".\n"
         "With --svg, also .svg. A camera's raw file is left out where its picture lies\n"
         "beside it: IMG_1.NEF beside IMG_1.JPG, or HEIC, unless --include takes the raw file\n"
         "alone. Pictures and videos of other formats are counted, and so are folders that\n"
         "systems put beside pictures (@eaDir, #recycle, ...).\n"
         "\n"
         "One image: its caption alone. Several, or a folder: a line NAME<TAB>CAPTION each.\n"
         "Captions go to standard output, everything else to standard error. A bad image is\n"
         "reported, and the others go on.\n";
}

std::string help_footer() {
  return R"(Records:
  jsonl: one object per input, in the order of the inputs, written at once:
    {"image", "caption", "score", "mean_logprob", "finish", "model"}, with --n-best
    also "captions": [{"caption", "score", "mean_logprob", "finish"}], best first; an
    image that failed has "error": {"code", "message"} instead of a caption; the codes
    are not_found, unreadable, unsupported_format, corrupt and too_large.
    With --left-out, {"image", "left_out": {"code", "message"}} for what folders hold
    beside images; the codes are format (MP4...), hidden, system_folder, subfolder,
    link (to a folder), no_file and paired_raw (whose picture lies beside it).
  csv: RFC 4180 with a header; one row per caption, numbered by "rank". Cells are
    exact: a name that begins with '=' is a formula to a spreadsheet. csv-safe puts '
    before names, captions and messages that begin with = + - @, a tab or a return.
  finish is stop, or length where a caption was cut at --max-tokens. "flags" are there
  if there is one: "repetition", the caption says the same again and again,
  "only_prompt", the model added nothing to --prompt, "truncated", a part of the
  picture was missing, and "preview", it is that of a camera's raw data. csv has a
  space between two.
  similarity is there with --rerank clip: the cosine between what CLIP makes of the
  picture and of the caption, by which the captions are in order; csv has a column
  of it then. It needs a model whose CLIP has its text side.
  score is the sum of the tokens' log-probabilities, mean_logprob their mean. A
  caption has "unsure": true where captions of such a mean were wrong as often as
  right, if the model's makers measured it; if it is a plain one for that (see
  --unsure), "guess" is the longer caption in whose place it stands.
  In jsonl, bytes of a name that are not UTF-8 become U+FFFD, and "image_base64"
  has the name's bytes; csv, text and --failed keep them. In text, control
  characters of names appear as \n, \xNN.

Exit status:
  0    every image has a caption
  1    some images failed
  2    the command line is wrong
  3    the model, the output or the program failed
  130  interrupted: the first Ctrl-C finishes the images in progress, a second kills

Settings:
  An option that is not on the command line is taken from the environment,
  $CAPTION_MAX_TOKENS for --max-tokens, and else from the configuration file, in TOML:
    model = "conceptual"
    max-tokens = 30
    recursive = true              an option without a value
    stop = [" with", ","]         one that may be given several times
    [explain]                     of 'caption explain'; other commands likewise
    grid = 14
  Those that make no sense beside the command line's do not count: --beam 3 there
  leaves out sample = true. --recursive=false switches off what is on elsewhere.

Environment:
  CAPTION_CONFIG  the configuration file
  CAPTION_MODELS  folders, separated by ':', that are searched first for models
  XDG_DATA_HOME   your own models are in its caption/models (~/.local/share)
  NO_COLOR        if set, --color auto never colours

Examples:
  caption photo.jpg
  caption --model conceptual --beam 5 photo.jpg
  caption -r photos/ --json --output captions.jsonl --failed failed.txt
  caption --files-from failed.txt --json        the failed ones again
  caption -r photos/ --output all.txt --resume  again, until all are done
  caption -r photos/ --json --output captions.jsonl --resume    as often as it takes
  caption photos/ --n-best 3 --html report.html a page to look through
  curl -s https://example.org/a.jpg | caption -
  find . -name '*.png' -print0 | caption --files-from - -0 --format csv
  caption --json --n-best 3 a.jpg | jq -r '.captions[].caption'
  caption photos/ -r --write-metadata           alternative texts, where none is
  caption train/ --sidecar txt --prefix 'sks, ' for a trainer of image models
  caption --sample --top-p 0.9 --seed 7 --n-best 5 photo.jpg
  caption inbox/ --watch --sidecar txt          whatever comes, until Ctrl-C
  caption explain photo.jpg --html why.html     where each word comes from
  caption score photo.jpg 'A dog.' 'A cat.'       how likely it finds texts
  caption bench                                 how long each stage takes here
  caption doctor                                whether all is well on this machine
  caption serve                                 captions for other programs
  caption --prompt 'A photo of' --ban @words.txt photo.jpg
  caption ./models                              a folder of this name
)";
}

}  // namespace caption::cli
