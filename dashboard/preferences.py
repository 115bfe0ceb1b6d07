"""How the signed-in person wants things to look, as stored with the account."""

from dashboard.figures.sheets import PaperSettings
from dashboard.security import person


def paper_settings() -> PaperSettings:
    """Their choices of the ECG paper; as usual where they made none."""
    return PaperSettings.of(person().preferences.get("paper"))
