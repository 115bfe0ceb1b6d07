"""The sheet that lists the keys, and what the classes hold.

It is the one place that says which keys there are and what they do.

``assets/keys.js`` presses the control that carries a key as ``data-key``, and knows the few keys
that are no single control; a test compares both with this sheet.
"""

from dataclasses import dataclass

from flask import render_template

from core.ecg import SUPERCLASSES


@dataclass(frozen=True, slots=True)
class Key:
    """Keys as ``KeyboardEvent.key`` names them, how the sheet shows them, and what they do."""

    pressed: tuple[str, ...]
    shown: str
    does: str


READING = (
    Key(
        ("1", "2", "3", "4", "5"),
        "1 … 5",
        "The class of that number: present; pressed again, absent",
    ),
    Key(("u",), "u", "The class last touched: unsure"),
    Key(
        ("n",),
        "n",
        "Normal ECG present, everything else absent; nothing where readers agree it is not normal",
    ),
    Key(("r",), "r", "Every class still open: absent"),
    Key(("x",), "x", "Unreadable, and back"),
    Key(("t",), "t", "To the comment; Esc leaves it"),
    Key(("Enter",), "Enter", "Submit the answer"),
    Key(
        ("Backspace",),
        "⌫",
        "Undo: reopen the previous answer, in adjudication the verdict; the last ten in turn",
    ),
    Key(("e",), "e", "Compare with the patient's next ECG, then off"),
    Key(("j",), "j", "Next unread ECG"),
    Key(("k",), "k", "Back to the previous ECG"),
)
PAPER = (
    Key(("l",), "l", "Next layout of the leads"),
    Key(("+", "-"), "+ / -", "Gain: more or fewer mm/mV"),
    Key(("s",), "s", "Paper speed: 25 or 50 mm/s"),
    Key(("f",), "f", "Signal: raw, 0.05–40 Hz, as the model sees it"),
    Key(("z",), "z", "The lead under the pointer alone, or II; z or Esc: all leads again"),
    Key(("[", "]"), "[ / ]", "Alone: the lead before or after"),
    Key((",", "."), ", / .", "A sheet wider than the screen: to the left or right"),
)
CALIPERS = (
    Key(
        ("c",),
        "c",
        "Calipers out, at two beats, or away; arrows move the line that has the focus: by a "
        "sample, with Shift by ten, up and down to another lead",
    ),
    Key(("v",), "v", "Snap to the trace, or move freely"),
    Key(("g",), "g", "March out: the same interval again along the strip"),
    Key(("h",), "h", "Hold what is measured: it is kept with my reading"),
)
AFTER = (
    Key(("o",), "o", "Explanation over the trace, and off"),
    Key(("m",), "m", "The next method"),
    Key(("a",), "a", "The next class"),
    Key(("p",), "p", "Published label and report, and away"),
)
EVERYWHERE = (
    Key(("w",), "w", "To the worklist"),
    Key(("ArrowDown",), "↓", "In the worklist: to the first record; arrows and Enter open one"),
    Key(("d",), "d", "Dark, or light again"),
    Key(("?",), "?", "This sheet"),
    Key(("Escape",), "Esc", "Close this sheet; calipers off; all leads again"),
)
GROUPS = (
    ("Reading", READING),
    ("The paper", PAPER),
    ("Calipers", CALIPERS),
    ("After the answer", AFTER),
    ("Everywhere", EVERYWHERE),
)
KEYS = tuple(key for _, keys in GROUPS for key in keys)


def help_sheet() -> str:
    """The sheet as HTML, hidden until somebody asks for it.

    It is no part of Dash's layout, where each of its elements would take time at every key.
    """
    return render_template("help.html", groups=GROUPS, classes=SUPERCLASSES)
