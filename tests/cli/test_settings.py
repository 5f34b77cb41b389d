"""Options from the environment and from the configuration file: what goes before what, and what is no setting."""

import pytest


@pytest.fixture
def configured(fake, images, tmp_path):
    """Writes ~/.config/caption/config.toml -> what the engine was asked for by a command line."""

    class Configured:
        file = tmp_path / "home" / ".config" / "caption" / "config.toml"

        def write(self, text):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(text)

        def run(self, *arguments, **environment):
            log = tmp_path / "log"
            log.unlink(missing_ok=True)
            result = fake.run(*arguments, FAKE_LOG=log, **environment)
            assert result.code == 0, result.err
            result.log = log.read_text()
            return result

        def refused(self, *arguments, **environment):
            result = fake.run(*(arguments or ["a.jpg"]), **environment)
            assert result.code == 2 and result.out == b"" and len(result.err.splitlines()) == 1, result.err
            return result.err

    return Configured()


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(configured):
    configured.write("beam = 3\nmax-tokens = 7\nthreads = 2\njson = true\n")
    result = configured.run("a.jpg", CAPTION_MAX_TOKENS="8", CAPTION_THREADS="3", CAPTION_DEVICE="cpu")
    assert " beam 3 " in result.log and " max_tokens 8 " in result.log
    result = configured.run("--threads", "4", "a.jpg", CAPTION_THREADS="3")
    assert "device auto threads 4 " in result.log and result.text.startswith("{")


def test_every_kind_of_value_arrives(configured):
    configured.write("""
        beam = 3
        length-penalty = 0.25   # a comment
        precision = "bf16"
        stop = [" on", "[a,b]"]
        recursive = false
        device = 'cpu'
    """)
    log = configured.run("a.jpg").log
    assert " beam 3 " in log and 'stop " on" "[a,b]"' in log and "length_penalty 0.25" in log and "device cpu" in log and "precision bf16" in log
    log = configured.run("--stop", ",", "a.jpg").log
    assert 'stop "," ' in log  # in their place, not beside them


def test_what_does_not_go_with_the_command_line_does_not_count(configured):
    configured.write('sample = true\ntop-k = 5\nexisting = "overwrite"\nformat = "csv"\n')
    assert "sample 1 top_k 5" in configured.run("a.jpg").log
    assert "sample 0" in configured.run("--beam", "2", "a.jpg").log
    assert configured.run("--json", "a.jpg").text.startswith("{")
    assert "sample 0" in configured.run("--sample=false", "a.jpg").log
    assert configured.run("a.jpg", CAPTION_FORMAT="text").text == "a cat on a mat.\n"
    assert "sample 0" in configured.run("a.jpg", CAPTION_SAMPLE="0").log


def test_a_table_is_of_its_command(configured, fake):
    configured.write("beam = 3\n[bench]\nbeam = 4\n[explain]\ngrid = 1\n[doctor]\ndevice = 'cuda:7'\n")
    assert " beam 3 " in configured.run("a.jpg").log
    configured.write("[explain]\ngird = 1\n")
    configured.run("a.jpg")  # of which it is not
    assert f"{configured.file}:2: 'caption explain' has no option 'gird' (did you mean 'grid'?)" in configured.refused("explain", "a.jpg")
    configured.write("json = 1\n\n[explian]\n")
    assert f"{configured.file}:3: no command has the table [explian] (did you mean 'explain'?)" in configured.refused()


@pytest.mark.parametrize(
    "text, line, message",
    [
        ("beam = 3\nbean = 3\n", 2, "'caption' has no option 'bean' (did you mean 'beam'?)"),
        ("\n\nbeam = \n", 3, "this is no TOML"),
        ("beam = 3\nbeam = 4\n", 2, "this is no TOML"),
        ("# one\nbeam = 0\n", 2, "--beam: needs a whole number from 1 to 1000, not '0'"),
        ("beam = 'five'", 1, "--beam: needs a whole number from 1 to 1000, not 'five'"),
        ("beam = [1, 2]", 1, "--beam takes one value"),
        ("stop = []", 1, "the list is empty"),
        ("json = 'maybe'", 1, "--json: needs true or false, not 'maybe'"),
        ("format = 'jsn'", 1, "needs text, jsonl, csv or csv-safe, not 'jsn'"),
        ("model = 1979-05-27", 1, "this needs a text, a number, true or false"),
        ("help = true", 1, "'caption' has no option 'help'"),
        ("version = true", 1, "'caption' has no option 'version'"),
        ("config = 'x'", 1, "'caption' has no option 'config'"),
    ],
)
def test_mistakes_in_the_file_name_it_and_the_line(configured, text, line, message):
    configured.write(text)
    error = configured.refused()
    assert f"{configured.file}:{line}: " in error and message in error


def test_a_value_that_others_contradict_says_where_it_is_from(configured):
    configured.write("n-best = 5\n")
    assert f"(--n-best is from {configured.file}:1)" in configured.refused("--beam", "3", "a.jpg")
    assert "CAPTION_BEAM: --beam: needs a whole number" in configured.refused("a.jpg", CAPTION_BEAM="many")
    assert "CAPTION_JSON: --json: needs true or false, not 'maybe'" in configured.refused("a.jpg", CAPTION_JSON="maybe")


def test_which_file_is_read(configured, work, tmp_path):
    configured.write("beam = 3\n")
    (work / "other.toml").write_text("beam = 4\n")
    (tmp_path / "xdg" / "caption").mkdir(parents=True)
    (tmp_path / "xdg" / "caption" / "config.toml").write_text("beam = 6\n")
    assert " beam 4 " in configured.run("--config", "other.toml", "a.jpg").log
    assert " beam 4 " in configured.run("a.jpg", CAPTION_CONFIG="other.toml").log
    assert " beam 6 " in configured.run("a.jpg", XDG_CONFIG_HOME=tmp_path / "xdg").log
    assert " beam 3 " in configured.run("a.jpg", XDG_CONFIG_HOME="relative").log
    assert " beam 5 " in configured.run("--no-config", "a.jpg", CAPTION_CONFIG="other.toml").log
    assert "missing.toml: the configuration cannot be read" in configured.refused("--config", "missing.toml", "a.jpg")
    assert "does not go with --config" in configured.refused("--no-config", "--config", "other.toml", "a.jpg")


def test_help_and_versions_need_no_right_file(configured, fake):
    configured.write("this is none")
    for arguments in [["--help"], ["--version"], ["models", "list"], ["manual"], ["completions", "bash"]]:
        assert fake.run(*arguments).code == 0
