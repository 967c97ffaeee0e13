"""The page's words in English, for the HTML. In the browser, words.js says them in the visitor's language."""

import json
import re
from html import escape

from web.assets import HERE

WORDS = json.loads((HERE / "words.json").read_text(encoding="utf-8"))["en"]
SLOT = re.compile(r'(<\w+[^>]* data-slot="(\w+)"[^>]*>(?:[^<]*</\w+>)?)')
WORDED = re.compile(r'(?s)(<(\w+)[^>]* data-word="([^"]+)"[^>]*>)(.*?)(</\2>)')


def sentence(key: str, slots: dict[str, str]) -> str:
    """The sentence `key` as HTML, with its placeholders filled by the elements in `slots`."""
    return re.sub(r"\{(\w+)\}", lambda match: slots[match[1]], escape(WORDS[key], quote=False))


def say(key: str, **values: str) -> str:
    """An element that says the sentence `key` with these values; X for a name "set:X" without words."""
    if ":" in key and key not in WORDS:
        return escape(key.partition(":")[2])
    slots = {name: f'<span data-slot="{name}">{value}</span>' for name, value in values.items()}
    return f'<span data-word="{key}">{sentence(key, slots)}</span>'


def worded(html: str) -> str:
    """HTML with the sentences that its data-word attributes name, around the slots that it has."""

    def fill(match: re.Match) -> str:
        opening, _, key, content, closing = match.groups()
        slots = {name: slot for slot, name in SLOT.findall(worded(content))}
        return opening + sentence(key, slots) + closing

    html = re.sub(
        r'data-word-(aria-\w+)="([^"]+)"',
        lambda match: f'{match[0]} {match[1]}="{escape(WORDS[match[2]])}"',
        html,
    )
    return WORDED.sub(fill, html)
