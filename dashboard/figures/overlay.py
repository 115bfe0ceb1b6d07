"""Fixed places in the ECG figure that an overlay fills, so that the signal is sent only once."""

from dataclasses import dataclass

from dashboard.figures.encoding import Json

SHAPES = 8  # that an overlay has: four levels for a class, four against it
WORDS = 1  # annotations that it has

FIRST_SHAPE = 3  # behind the two grids and the separators
FIRST_ANNOTATION = 2  # behind the scale and the watermark


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is drawn over the paper: one shape a level of strength, and what it is called."""

    shapes: tuple[Json, ...]
    annotations: tuple[Json, ...]

    def slots(self) -> list[tuple[tuple[str | int, ...], Json]]:
        """Path and value of each entry in an ECG figure; the same paths for every overlay."""
        return [
            (("layout", name, first + index), value)
            for name, first, values in (
                ("shapes", FIRST_SHAPE, self.shapes),
                ("annotations", FIRST_ANNOTATION, self.annotations),
            )
            for index, value in enumerate(values)
        ]


EMPTY = "M0,0"  # a path with nothing in it
_NO_SHAPE: Json = {
    "type": "path",
    "path": EMPTY,
    "layer": "below",
    "fillcolor": "rgba(0,0,0,0)",
    "line": {"width": 0},
}
_NO_WORDS: Json = {
    "text": " ",
    "x": 0,
    "yref": "y domain",  # as the words that come: another one makes plotly draw the traces anew
    "y": 0.5,
    "showarrow": False,
    "captureevents": False,
}


def no_overlay() -> Overlay:
    """The overlay that takes every other one away.

    It is there and empty, not hidden: what becomes visible makes plotly draw the traces anew.
    """
    return Overlay(shapes=(_NO_SHAPE,) * SHAPES, annotations=(_NO_WORDS,) * WORDS)


def lay_over(figure: Json, overlay: Overlay) -> Json:
    """The ECG figure with ``overlay`` in its place."""
    for (part, name, index), value in overlay.slots():
        figure[part][name][index] = value
    return figure
