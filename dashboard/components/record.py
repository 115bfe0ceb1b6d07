"""Who the ECG is of and what is known about its recording; nothing of its diagnosis."""

import re
from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from core.ptbxl import AGE_OVER_89
from feedback.catalogue import OtherEcg
from feedback.tables import RecordRow

_CHEST = re.compile(r"\bv([1-6])\b")
_AUGMENTED = re.compile(r"\bAV([RLF])\b", re.IGNORECASE)

_FLAGS = {
    "baseline_drift": "Baseline drift",
    "static_noise": "Static noise",
    "burst_noise": "Burst noise",
    "electrodes_problems": "Electrode problems",
}


def age_text(age: int | None) -> str:
    """The age as a clinician reads it: PTB-XL stores every age above 89 as 300."""
    if age is None:
        return "age unknown"
    return "> 89 years" if age == AGE_OVER_89 else f"{age} years"


def patient_line(record: RecordRow) -> Component:
    """Patient and recording in one line."""
    taken = record.recorded_at
    facts = [
        f"Patient {record.patient_id}",
        age_text(record.age),
        record.sex or "sex unknown",
        _body(record),
        f"{taken:%Y-%m-%d %H:%M} (hospital's clock)" if taken else "date unknown",
        record.device or "device unknown",
        f"site {record.site}" if record.site else "site unknown",
        f"fold {record.fold}",
        _pacemaker(record.pacemaker),
    ]
    return html.P([html.Span(fact) for fact in facts if fact], className="patient numbers")


def _pacemaker(stated: str | None) -> str:
    """That there is one, with the words that the data set has for it: some are in doubt."""
    if not stated:
        return ""
    return f'pacemaker ("{stated.removesuffix(", nan")}" in the data set)'


def noise_flags(record: RecordRow) -> list[Component]:
    """What the annotators of the data set wrote about the signal, with the leads they named."""
    return [
        html.Span(f"{_FLAGS.get(flag, flag)}: {_tidy(where)}", className="flag")
        for flag, where in record.noise.items()
    ]


def _tidy(where: str) -> str:
    """``, v1,AVR`` as ``V1, aVR``: the annotators typed freely, some in German."""
    parts = [part for piece in where.split(",") if (part := piece.strip())]
    named = ", ".join("all leads" if part == "alles" else part for part in parts)
    return _CHEST.sub(r"V\1", _AUGMENTED.sub(r"aV\1", named))


def other_ecgs(others: Sequence[OtherEcg]) -> Component | None:
    """Links to the patient's other ECGs."""
    if not others:
        return None
    links = [dcc.Link(_other(ecg), href=f"/read/{ecg.ecg_id}") for ecg in others]
    spaced = [piece for link in links for piece in (", ", link)][1:]
    return html.P(["Other ECGs of this patient: ", *spaced], className="quiet others")


def _other(ecg: OtherEcg) -> str:
    return f"{ecg.ecg_id} ({ecg.recorded_at:%Y-%m-%d})" if ecg.recorded_at else str(ecg.ecg_id)


def _body(record: RecordRow) -> str:
    height = f"{record.height:g} cm" if record.height else ""
    weight = f"{record.weight:g} kg" if record.weight else ""
    return ", ".join(part for part in (height, weight) if part)
