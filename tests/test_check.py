"""`python publish.py check ADDRESS`: a page that is well, and what is wrong with others."""

import pytest

import publish
from publishing.check import address
from tests.harness import called
from tests.harness.parity import served


@pytest.mark.parametrize(
    ("page", "checks"), [("server", "opens, weights: predicts refuses"), ("site", "opens, weights:")]
)
def test_a_page_is_well(page, checks, request):
    done = called(publish.main, "check", request.getfixturevalue(page).url)
    assert done.returncode == 0, done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()] == checks.split()


POLICY = "<title>Draw a digit</title><meta content=\"connect-src 'self'\">"
ANSWERS = {
    "The page answers 404.": {},
    "Another page than ours is served there.": {"/": "a shop"},
    "The page has no policy": {"/": "<title>Draw a digit</title>"},
    "gone.js answers 404.": {"/": POLICY + '<script src="gone.js"></script>'},
    "problem with its weights: none": {"/": POLICY, "/weights/current": '{"problem": "none"}'},
    "The weights are not those of config.json.": {
        "/": POLICY,
        "/weights/config.json": '{"sha256": "0"}',
        "/weights/model.safetensors": "other weights",
    },
    "The answer cannot be used (JSONDecodeError).": {"/": POLICY, "/weights/current": "words"},
}


@pytest.mark.parametrize("sentence", ANSWERS)
def test_what_is_wrong_is_said_in_one_sentence(sentence):
    pages = {path[1:]: text.encode() for path, text in ANSWERS[sentence].items()}
    with served(pages) as url:
        done = called(publish.main, "check", url)
    last = done.stdout.splitlines()[-1]
    assert done.returncode == 1 and last.startswith("FAIL: ") and sentence in last
    assert "Traceback" not in done.stdout + done.stderr


def test_an_address_where_nothing_answers_is_named():
    done = called(publish.main, "check", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (1, "FAIL: http://127.0.0.1:9 does not answer.\n")


@pytest.mark.parametrize("target", ["OWNER", "localhost:7860", "a/b/c", ""])
def test_what_is_neither_an_address_nor_a_space_is_refused(target):
    done = called(publish.main, "check", target)
    assert done.returncode == 2 and done.stderr.endswith(
        f"{target!r} is not OWNER/NAME or an http address.\n"
    )


def test_a_space_is_named_by_owner_and_name():
    assert address("OWNER/Mnixel_1") == "https://owner-mnixel-1.hf.space"
