"""What pages that show a job have in common."""

import dash_bootstrap_components as dbc
from dash.development.base_component import Component

from dashboard import ids
from feedback.jobs import OPEN
from feedback.tables import Job


def is_open(job: Job) -> bool:
    """Whether the job waits or runs."""
    return job.state in OPEN


def cancel_button(act: str, job: Job) -> Component:
    """The button that ends the job, for the callback that listens to ``act``."""
    return dbc.Button(
        "Cancel",
        id=ids.of_job(act, job.id),
        size="sm",
        outline=True,
        color="secondary",
        title=f"Cancel job {job.id}",
    )
