"""What an installation may set, each by an environment variable TRUSTECG_<NAME>."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from pydantic import Field, IPvAnyAddress, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dashboard.errors import SettingsError

REPOSITORY = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """The settings of one installation; paths are absolute once it is made."""

    model_config = SettingsConfigDict(env_prefix="TRUSTECG_", frozen=True)

    instance: Path = REPOSITORY / "instance"  # everything that a running installation owns
    database_url: str = ""  # empty: SQLite in ``instance``
    ptbxl: Path | None = None  # the records; None: instance/ptbxl, else simulated ones
    checkpoint: Path = REPOSITORY / "checkpoints" / "default"
    host: str = "127.0.0.1"
    port: int = Field(8050, ge=0, le=65535)  # 0: any free one
    secure_cookies: bool = False  # True behind HTTPS: cookies are then never sent in the clear
    # address of the proxy whose word is taken for who asks; logins are counted by address
    trusted_proxy: IPvAnyAddress | None = None
    ahead: int = Field(3, ge=0, le=8)  # ECGs laid out before their turn; 0 spares old machines
    # fine-tune once readers agree on so many new records; 0: only when somebody asks for it
    retrain_every: int = Field(0, ge=0)
    retrain_hours: float = Field(24, ge=0)  # between two runs, at least
    # of torch in a job; 0: all cores but one, which the web process keeps
    threads: int = Field(0, ge=0)
    # of what a reader waits for; 0: all cores, where it yields to the page
    explainer_threads: int = Field(0, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _empty_means_unset(cls, given: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in given.items() if value != ""}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name in ("instance", "ptbxl", "checkpoint"):
            if (path := getattr(self, name)) is not None:
                self.__dict__[name] = path.expanduser().resolve()
        if not self.database_url:
            self.__dict__["database_url"] = f"sqlite:///{self.instance / 'trustecg.db'}"
        if not self.threads:
            self.__dict__["threads"] = max(1, (os.cpu_count() or 2) - 1)
        if not self.explainer_threads:
            self.__dict__["explainer_threads"] = os.cpu_count() or 1
        return self

    @property
    def logs(self) -> Path:
        """Folder of the log files."""
        return self.instance / "logs"

    @property
    def checkpoints(self) -> Path:
        """Folder of the fine-tuned checkpoints, one folder a version."""
        return self.instance / "checkpoints"

    @property
    def for_children(self) -> dict[str, str]:
        """The environment that gives a child process these same settings."""
        values = self.model_dump(exclude_none=True)
        return os.environ | {f"TRUSTECG_{k.upper()}": str(v) for k, v in values.items()}


def load_settings(**given: object) -> Settings:
    """The settings of the environment, ``given`` ones first; raises SettingsError."""
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        raise SettingsError(_first_problem(error)) from None
    settings.instance.mkdir(parents=True, exist_ok=True)
    return settings


def secret_key(settings: Settings) -> str:
    """The key that signs the sessions of this installation; made once, readable by its owner."""
    path = settings.instance / "secret_key"
    if not path.exists():
        _make_key(path)
    key = path.read_text("ascii").strip()
    if len(key) < 32:
        raise SettingsError(f"{path} holds {len(key)} characters: delete it, a new one is made")
    return key


def _make_key(path: Path) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    # link() is refused where another web process was first: all of them then read one whole key
    with suppress(FileExistsError):
        os.link(draft, path)
    os.unlink(draft)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    name = "_".join(str(part) for part in problem["loc"]).upper()
    return f"TRUSTECG_{name} is {problem['input']!r}: {problem['msg'].lower()}"
