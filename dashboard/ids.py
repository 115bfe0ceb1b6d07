"""The names by which callbacks find components, each in one place.

What belongs to one ECG carries its number: a late answer about one record then has no
component to land in once another record is on screen.
"""

from typing import Any

LOCATION = "location"
UNDO = "undo"
UNDONE = "undone"
AHEAD = "ahead"  # the places of the ECGs that are laid out before their turn
HERE = "here"  # the ECG on screen
UPCOMING = "upcoming"
UPCOMING_SEEN = "upcoming-seen"
ROUTED = "routed"
LEFT_BEHIND = "left-behind"
STATUS = "status"  # what was saved last, in the bar of every page
WORKLIST = "worklist"
WORKLIST_QUERY = "worklist-query"  # order and filters of the worklist, for 'next'
WORKLIST_ORDER = "worklist-order"  # the same as the grid has it: on its page alone
WORKLIST_COUNT = "worklist-count"
WORKLIST_STATUS = "worklist-status"
TO_READ = "to-read"  # the worklists that wait for this reader
TO_READ_MESSAGE = "to-read-message"
HOLD_TICK = "hold-tick"
HELD = "held"  # the ECG on screen that is held by a worklist
HELD_SEEN = "held-seen"
HELD_LEFT = "held-left"
WORKLISTS_MAKE = "worklists-make"
WORKLISTS_PREVIEW = "worklists-preview"
WORKLISTS_MESSAGE = "worklists-message"
WORKLISTS_PICKS = "worklists-picks"
WORKLISTS_LIST = "worklists-list"
WORKLISTS_STRATEGY_SAYS = "worklists-strategy-says"
GOLD_CSV = "gold-csv"
GOLD_KEEP = "gold-keep"
GOLD_ADJUDICATED = "gold-adjudicated"
GOLD_MESSAGE = "gold-message"
GOLD_LIST = "gold-list"
CONFLICTS = "conflicts"  # how many wait for an adjudicator
EXPORT_COUNT = "export-count"
EXPORT_LABELS = "export-labels"  # the link to what is filtered
EXPORT_MESSAGE = "export-message"
EXPORT_ARCHIVE = "export-archive"
EXPORT_TAKEN = "export-taken"  # what has left
EXPORT_NEWEST = "export-newest"  # number of the last file that is shown
EXPORT_TICK = "export-tick"  # looks for what leaves now
PEOPLE_LIST = "people-list"
PEOPLE_MESSAGE = "people-message"
PEOPLE_SECRET = "people-secret"  # the last one-time password
PEOPLE_EMAIL = "people-email"
PEOPLE_ROLE = "people-role"
PEOPLE_ADD = "people-add"
PEOPLE_GIVE_ROLE = "people-give-role"
JOBS_LIST = "jobs-list"
JOBS_TICK = "jobs-tick"
JOBS_MESSAGE = "jobs-message"
JOBS_SCORE = "jobs-score"
JOBS_SHOW = "jobs-show"  # which of them are listed
MODELS_LIST = "models-list"
MODELS_TICK = "models-tick"
MODELS_RUN = "models-run"
MODELS_RUN_PANEL = "models-run-panel"
MODELS_RUN_LOG = "models-run-log"
MODELS_RUN_EPOCHS = "models-run-epochs"
MODELS_LISTED = "models-listed"  # versions and their states, as the list has them
MODELS_MESSAGE = "models-message"
MODELS_PLAN = "models-plan"
MODELS_ASSISTED = "models-assisted"
MODELS_PLANNED = "models-planned"
MODELS_MARK = "models-mark"  # which plan is shown
MODELS_START = "models-start"
MODELS_ROLLBACK = "models-rollback"
MODELS_BACK = "models-back"  # what holds the button that goes back
MODELS_WAY_BACK = "models-way-back"  # the version that it names
MODELS_CHOSEN = "models-chosen"  # the version whose report is shown
MODELS_WHY = "models-why"
MODELS_PROMOTE = "models-promote"
MODELS_OUTCOME = "models-outcome"
MODELS_REPORT = "models-report"
MODELS_CHARTS = "models-charts"
MODELS_OVERTAKEN = "models-overtaken"  # says that the report is of before
LOOK = "look"  # the button between light and dark
LOOK_CHOSEN = "look-chosen"
LOOK_SHOWN = "look-shown"

Id = dict[str, Any]


def of_ecg(part: str, ecg_id: Any) -> Id:
    """The id of a component of one ECG's page; ``ecg_id`` may be MATCH."""
    return {"part": part, "ecg": ecg_id}


def of_slot(part: str, number: Any) -> Id:
    """The id of a part of a place for an ECG that is laid out ahead; may be MATCH."""
    return {"part": part, "slot": number}


def of_class(part: str, ecg_id: Any, superclass: Any) -> Id:
    """The id of a component of one superclass on one ECG's page."""
    return {"part": part, "ecg": ecg_id, "class": superclass}


def of_person(act: str, person_id: Any) -> Id:
    """The id of a button about one person."""
    return {"act": act, "person": person_id}


def of_job(act: str, job_id: Any) -> Id:
    """The id of a button about one job."""
    return {"act": act, "job": job_id}


def of_worklist(act: str, worklist_id: Any) -> Id:
    """The id of a button about one worklist."""
    return {"act": act, "worklist": worklist_id}


def of_plan(field: str) -> str:
    """The id of a field of the form for a new worklist."""
    return f"plan-{field}"


def of_export(field: str) -> str:
    """The id of a filter of what is taken out."""
    return f"export-{field}"
