"""Everything that ``core`` raises on purpose.

    CoreError
    ├── DataError                 a data set that cannot be used
    │   ├── DatasetNotFound       no PTB-XL layout at that path
    │   ├── DatasetUnreadable     an index file that does not parse
    │   ├── DatasetInTheWay       other records where simulated ones are to be written
    │   └── DownloadError         a file that could not be fetched or verified
    ├── RecordError               one record that cannot be used; the others go on
    │   ├── RecordNotFound        no such id, or its files are not there
    │   ├── RecordUnreadable      header and samples disagree, or do not parse
    │   ├── LeadsError            leads missing, doubled or of unknown name
    │   ├── SignalTooShort        less than ten seconds
    │   └── SignalInvalid         samples of the wrong shape, unit or rate
    ├── SimulationInvalid         a record that cannot be simulated
    ├── ExplanationError          an explanation that cannot be given
    │   ├── NotExplainable        the quality gate refused the record
    │   └── BackgroundMissing     SHAP without training records to compare with
    └── ModelError
        ├── CheckpointNotFound    no checkpoint at that path
        ├── CheckpointAltered     weights or card are not what was trained
        ├── CheckpointOutdated    written for another version of the network
        ├── ReferenceUnreadable   no weights of the published network
        └── TrainingError         a training run that cannot start or go on
            └── StateUnusable     a saved state that is broken, or another run's

A message names the value that was met and the remedy.
"""

from collections.abc import Sequence


class CoreError(Exception):
    """Root of the errors that ``core`` raises on purpose."""


class DataError(CoreError):
    """A data set that cannot be used."""


class DatasetNotFound(DataError):
    """No PTB-XL layout at the given path."""


class DatasetUnreadable(DataError):
    """An index file of the data set does not parse."""


class DatasetInTheWay(DataError):
    """Other records lie where simulated ones are to be written."""


class DownloadError(DataError):
    """A file could not be fetched or does not match its published digest."""


class RecordError(CoreError):
    """One record that cannot be used; the other records go on."""


class RecordNotFound(RecordError):
    """No record of that id, or its files are not there."""


class RecordUnreadable(RecordError):
    """Header and samples disagree, or one of them does not parse."""


class LeadsError(RecordError):
    """Leads are missing, doubled or of unknown name."""


class SignalTooShort(RecordError):
    """The record holds less than the ten seconds that the model was taught on."""


class SignalInvalid(RecordError):
    """Samples of the wrong shape, unit or rate."""


class SimulationInvalid(CoreError):
    """A record that cannot be simulated as asked."""


class ExplanationError(CoreError):
    """An explanation that cannot be given."""


class NotExplainable(ExplanationError):
    """The quality gate refused the record, for ``reasons`` that it says."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(f"no explanation of a record that was refused: {' '.join(reasons)}")


class BackgroundMissing(ExplanationError):
    """SHAP was asked for without training records to compare with."""


class ModelError(CoreError):
    """The model cannot be trained or served."""


class CheckpointNotFound(ModelError):
    """No checkpoint at the given path."""


class CheckpointAltered(ModelError):
    """Weights or card are not the ones that were trained together."""


class CheckpointOutdated(ModelError):
    """The checkpoint was written for another version of the network."""


class ReferenceUnreadable(ModelError):
    """A file that does not hold weights of the published network."""


class TrainingError(ModelError):
    """A training run that cannot start or go on."""


class StateUnusable(TrainingError):
    """A saved state of a training run that is broken, or that another run has left."""
