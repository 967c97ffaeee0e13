"""Letters that cannot be read as a digit, in two groups: some teach refusal, the others measure it."""

from __future__ import annotations

from functools import partial

from .allographs import Dice, Shape, Waypoints, corner

# One string a letter: strokes with | between them, each a row of places x,y in hundredths of the square. A
# stroke is straight from place to place, or a curve when it begins with ~.
_TEACHING_LETTERS = {
    "A": "10,100 50,0 90,100|25,60 78,60",
    "E": "80,0 20,0 20,100 82,100|20,50 70,50",
    "H": "15,0 15,100|85,0 85,100|15,50 85,50",
    "K": "20,0 20,100|80,0 22,55 85,100",
    "M": "5,100 15,0 50,60 85,0 95,100",
    "P": "20,100 20,0|~20,2 70,5 75,35 20,52",
    "R": "20,100 20,0|~20,2 70,5 75,30 25,50|25,50 85,100",
    "V": "10,0 50,100 90,0",
    "X": "10,0 90,100|90,0 10,100",
    "e": "~15,52 85,48 75,12 45,0 12,35 20,85 55,100 90,80",
    "k": "~25,0 22,50 20,100|~75,40 50,58 25,68|~40,62 60,85 80,100",
    "m": "5,30 8,100|~8,50 22,30 35,40 38,100|~38,50 55,30 72,40 75,100",
    "w": "~0,30 15,90 35,95 48,45 60,92 85,90 100,25",
    "d": "~75,45 45,35 15,65 40,100 75,75|78,0 78,100",
}
_MEASURING_LETTERS = {
    "F": "80,0 20,0 20,100|20,48 68,46",
    "N": "15,100 15,0 85,100 85,0",
    "W": "0,0 25,100 50,30 75,100 100,0",
    "h": "20,0 20,100|~20,62 45,38 70,50 72,100",
    "n": "15,30 18,100|~18,55 45,28 72,40 75,100",
    "x-curled": "~10,20 30,0 50,50 70,100 92,85|~85,0 50,50 10,100",
    "pi": "~0,20 25,5 70,12 100,2|30,10 25,100|72,10 78,100",
    "ae": "~10,20 45,20 50,100|~50,60 15,60 10,90 50,85|~52,58 95,55 80,20 52,40 60,95 98,90",
}


def _letter(text: str, d: Dice) -> list[Waypoints]:
    paths = []
    for stroke in text.split("|"):
        places = [tuple(float(v) / 100 for v in pair.split(",")) for pair in stroke.lstrip("~").split()]
        width = 0.85
        places = [(0.5 + (x - 0.5) * width + d(-0.02, 0.02), y + d(-0.02, 0.02)) for x, y in places]
        paths.append(places if stroke[0] == "~" else [corner(*place) for place in places])
    return paths


TEACHING: dict[str, Shape] = {
    f"letter {name}": partial(_letter, text) for name, text in _TEACHING_LETTERS.items()
}
MEASURING: dict[str, Shape] = {
    f"letter {name}": partial(_letter, text) for name, text in _MEASURING_LETTERS.items()
}
