"""What a running web application works with: settings, database sessions, sample cache."""

from dataclasses import dataclass, field

from flask import Flask, current_app
from sqlalchemy import Engine

from dashboard.measurements import Measurements
from dashboard.samples import SampleCache
from dashboard.settings import Settings
from dashboard.shown_plans import ShownPlans
from feedback import db

_KEY = "trustecg"


@dataclass(frozen=True, kw_only=True)
class Context:
    """The collaborators that pages and callbacks of one application share."""

    settings: Settings
    engine: Engine
    sessions: db.Sessions
    samples: SampleCache = field(default_factory=SampleCache)
    measurements: Measurements = field(default_factory=Measurements)
    plans: ShownPlans = field(default_factory=ShownPlans)


def attach(server: Flask, settings: Settings) -> Context:
    """Make the context of ``server``."""
    engine = db.make_engine(settings.database_url)
    made = Context(settings=settings, engine=engine, sessions=db.make_sessions(engine))
    server.extensions[_KEY] = made
    return made


def context() -> Context:
    """The context of the application that answers the present request."""
    found: Context = current_app.extensions[_KEY]
    return found
