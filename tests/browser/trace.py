"""What is painted on the ECG paper, read back from the page's SVG."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

# pixels of the painted paths and words, in seconds and millivolts of the paper
_READ = """
graph => {
  const { xaxis, yaxis } = graph._fullLayout;
  const traces = [...graph.querySelectorAll('.scatterlayer path.js-line')].map(path => {
    const numbers = path.getAttribute('d').match(/-?[0-9.]+(?:e-?[0-9]+)?/g).map(Number);
    const xs = numbers.filter((_, n) => n % 2 === 0).map(x => xaxis.p2d(x));
    const ys = numbers.filter((_, n) => n % 2 === 1).map(y => yaxis.p2d(y));
    return { xs, ys };
  });
  const frame = graph.getBoundingClientRect();
  const words = [...graph.querySelectorAll('.scatterlayer text, .infolayer text')].map(word => {
    const box = word.getBoundingClientRect();
    return {
      text: word.textContent,
      x: xaxis.p2d(box.left - frame.left - xaxis._offset),
      y: yaxis.p2d((box.top + box.bottom) / 2 - frame.top - yaxis._offset),
    };
  });
  return { traces, words };
}
"""


@dataclass(frozen=True)
class Painted:
    """A painted curve: seconds and millivolts of the paper."""

    seconds: NDArray[np.float64]
    millivolts: NDArray[np.float64]


@dataclass(frozen=True)
class Name:
    """A painted word: where it begins, and the height of its middle."""

    text: str
    seconds: float
    millivolts: float


def read_paper(page: Page) -> tuple[list[Painted], list[Name]]:
    """The curves and the words on the paper, as the person in front of it sees them."""
    graph = page.locator(".paper .js-plotly-plot")
    graph.locator(".scatterlayer path.js-line").nth(13).wait_for(state="attached")
    found: dict[str, Any] = graph.evaluate(_READ)
    curves = [Painted(np.array(t["xs"]), np.array(t["ys"])) for t in found["traces"]]
    names = [Name(word["text"], word["x"], word["y"]) for word in found["words"]]
    return curves, names


def curve_under(name: Name, curves: list[Painted]) -> Painted:
    """The curve that a reader takes for the lead of this name: begins below it, nearest."""

    def distance(curve: Painted) -> float:
        beside = abs(curve.seconds[0] - name.seconds) / 2.5  # columns are 2.5 s wide
        below = abs(float(np.median(curve.millivolts)) - (name.millivolts - 1.0)) / 3.0
        return beside + below

    return min(curves, key=distance)
