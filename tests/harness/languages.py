"""Finds texts on a page that are in the wrong language."""

import json
import re

from tests.harness import ROOT

WORDS = json.loads((ROOT / "web" / "words.json").read_text(encoding="utf-8"))
TEXTS = """() => {
  const seen = [document.title], skipped = 'script, style, noscript, .languages';
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
  for (let node = walk.currentNode; node; node = walk.nextNode()) {
    const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
    // Gradio has texts of its own.
    if (!element.closest('#page')) continue;
    if (node.nodeType === Node.TEXT_NODE && !node.parentElement.closest(skipped)) seen.push(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || node.closest(skipped)) continue;
    for (const name of ['aria-label', 'aria-roledescription', 'title'])
      seen.push(node.getAttribute(name) ?? '');
  }
  return seen.map((text) => text.trim()).filter((text) => /[a-z]/i.test(text));
}"""


def tokens(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", text.lower()))


# Language -> the words that the page uses in this language only.
ONLY = {
    name: tokens(" ".join(WORDS[name].values())) - tokens(" ".join(WORDS[other].values()))
    for name, other in (("en", "es"), ("es", "en"))
}


def foreign(page, language: str = "en") -> list[str]:
    """The texts on the page with a word that only this language has."""
    texts = [text.replace("CC BY 4.0", "") for text in page.evaluate(TEXTS)]
    assert len(texts) > 20
    return [text for text in texts if tokens(text) & ONLY[language]]
