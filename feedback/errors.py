"""Everything that ``feedback`` raises on purpose.

    FeedbackError
    ├── StorageError              the database cannot be used
    │   ├── StorageUnavailable    full disk, lock that never came, deadlock, server gone
    │   ├── SchemaOutdated        tables are not those of this version
    │   └── AuditBroken           the audit chain does not verify
    ├── PeopleError
    │   ├── WrongCredentials      address and password do not belong together
    │   ├── ExpiredPassword       a one-time password that was not used in time
    │   ├── TooManyAttempts       logins are paused for this address
    │   ├── WeakPassword          a password that is too easy
    │   ├── InvalidEmail          not an e-mail address
    │   ├── UserExists            the address has an account
    │   ├── UnknownUser           no such account
    │   └── LastAdmin             nobody would be left to manage people
    ├── CatalogueError
    │   ├── NoDataset             no data set was imported
    │   ├── NoModel               no model was registered
    │   ├── UnknownModel          no such version in the registry
    │   ├── NotPromotable         a version that may not be served as it is
    │   ├── UnknownRecord         no such ECG in the active data set
    │   └── InvalidQuery          a sort or filter that the worklist does not have
    │       └── InvalidFilter     a value that a column cannot be compared with
    ├── ReadingError
    │   ├── IncompleteAnswer      an answer that leaves something open
    │   ├── ImpossibleMeasurement calipers that measured what cannot be
    │   ├── ContradictoryAnswer   a verdict and what is said of the model's do not fit
    │   ├── NotRevealed           the reader's blind answer comes first
    │   ├── NoLongerBlind         the opinion may have been on screen already
    │   ├── AlreadyAnswered       this stage was answered; amend it instead
    │   ├── NothingToAmend        no final answer to amend
    │   ├── NothingToUndo         no answer of the last ones left to go back to
    │   ├── AnswerChanged         the answer that stands is not the one on screen
    │   ├── OpinionChanged        the model's opinion is not the one on screen
    │   ├── NotInDispute          no conflict between readers to settle
    │   ├── NotIndependent        reader and adjudicator of a record must be two people
    │   ├── NothingToExplain      the model has no opinion on the record
    │   └── KeyReused             an idempotency key came with another answer
    ├── WorklistError
    │   ├── InvalidWorklist       a worklist that cannot be made as asked
    │   ├── UnknownWorklist       no such worklist, or it is closed
    │   ├── NothingToRead         no record of the worklist is there for this reader
    │   ├── HeldByColleague       a colleague reads the record, and nobody else is asked to
    │   └── ClaimLost             the lease ran out and others read the record
    ├── InvalidGold               answers to gold records that cannot be taken
    ├── NothingToTeach            too few labels for a fine-tuning run
    ├── PlanOutdated              a plan that is too old, or would teach what is wrong by now
    ├── ExportMismatch            the file would not hold what the dashboard shows
    ├── UnknownExport             no labels left under that number
    └── JobError
        ├── UnknownJob            no such job, or a kind that nobody handles
        ├── NothingToCancel       the job has ended
        ├── RunUnderWay           fine-tuning is at work already
        ├── LostLease             another worker has taken the job over
        └── Cancelled             someone cancelled the job

A message names the value that was met and the remedy.
"""


class FeedbackError(Exception):
    """Root of the errors that ``feedback`` raises on purpose."""


class StorageError(FeedbackError):
    """The database cannot be used."""


class StorageUnavailable(StorageError):
    """The database did not take the transaction; nothing of it was stored."""


class SchemaOutdated(StorageError):
    """The tables are not those of this version."""


class AuditBroken(StorageError):
    """The audit chain does not verify."""


class PeopleError(FeedbackError):
    """Something about accounts."""


class WrongCredentials(PeopleError):
    """Address and password do not belong together."""


class ExpiredPassword(PeopleError):
    """A one-time password that was not used in time."""


class TooManyAttempts(PeopleError):
    """Logins are paused for this address."""


class WeakPassword(PeopleError):
    """A password that is too easy."""


class InvalidEmail(PeopleError):
    """Not an e-mail address."""


class UserExists(PeopleError):
    """The address has an account."""


class UnknownUser(PeopleError):
    """No such account."""


class LastAdmin(PeopleError):
    """Nobody would be left to manage people."""


class CatalogueError(FeedbackError):
    """Something about records, predictions and models."""


class NoDataset(CatalogueError):
    """No data set was imported."""


class NoModel(CatalogueError):
    """No model was registered."""


class UnknownModel(CatalogueError):
    """No such version in the registry."""


class NotPromotable(CatalogueError):
    """A version that may not be served as it is, or none to go back to."""


class UnknownRecord(CatalogueError):
    """No such ECG in the active data set."""


class InvalidQuery(CatalogueError):
    """A sort or filter that the worklist does not have."""


class InvalidFilter(InvalidQuery):
    """A value that a column cannot be compared with; its parts let a page say it in its words."""

    def __init__(self, column: str, value: object, remedy: str) -> None:
        super().__init__(f"filter of {column} is {value!r}: {remedy}")
        self.column, self.value, self.remedy = column, value, remedy


class ReadingError(FeedbackError):
    """An answer that cannot be taken as it came."""


class IncompleteAnswer(ReadingError):
    """An answer that leaves something open."""


class ImpossibleMeasurement(ReadingError):
    """Calipers that measured what cannot be, or too often."""


class ContradictoryAnswer(ReadingError):
    """A verdict and the word on the model's call of the same class do not fit together."""


class NotRevealed(ReadingError):
    """The reader's blind answer comes first."""


class NoLongerBlind(ReadingError):
    """The opinion may have been on screen already, so no answer can be a blind one."""


class AlreadyAnswered(ReadingError):
    """This stage was answered; an amendment is the way to change it."""


class NothingToAmend(ReadingError):
    """There is no final answer to amend."""


class NothingToUndo(ReadingError):
    """There is no answer left to go back to."""


class AnswerChanged(ReadingError):
    """The answer that stands is not the one that was on screen."""


class OpinionChanged(ReadingError):
    """The model's opinion is not the one that was on screen."""


class NotInDispute(ReadingError):
    """The readers of the record leave nothing to settle."""


class NotIndependent(ReadingError):
    """Who has read a record may not settle it; who settled it or knows its gold may not read it."""


class NothingToExplain(ReadingError):
    """The model has no opinion on the record, so there is no explanation either."""


class KeyReused(ReadingError):
    """An idempotency key came again with another answer."""


class WorklistError(FeedbackError):
    """Something about worklists that an admin makes."""


class InvalidWorklist(WorklistError):
    """A worklist that cannot be made as asked."""


class UnknownWorklist(WorklistError):
    """No such worklist, or it is closed."""


class NothingToRead(WorklistError):
    """No record of the worklist is there for this reader; the message says why."""


class HeldByColleague(WorklistError):
    """A colleague reads the record for a worklist that asks for nobody else now."""


class ClaimLost(WorklistError):
    """The lease ran out, and the record has got its readers since."""


class InvalidGold(FeedbackError):
    """Answers to gold records that cannot be taken as they came."""


class NothingToTeach(FeedbackError):
    """Readers agree on too few records for a fine-tuning run."""


class PlanOutdated(FeedbackError):
    """The plan of a fine-tuning run is too old, or would teach what is wrong by now."""


class ExportMismatch(FeedbackError):
    """The file would not hold what the dashboard shows."""


class UnknownExport(FeedbackError):
    """No labels left under that number."""


class JobError(FeedbackError):
    """Something about background jobs."""


class UnknownJob(JobError):
    """No such job, or a kind that nobody handles."""


class NothingToCancel(JobError):
    """The job has ended."""


class RunUnderWay(JobError):
    """Fine-tuning is at work already; one run at a time."""


class LostLease(JobError):
    """Another worker has taken the job over."""


class Cancelled(JobError):
    """Someone cancelled the job."""
