"""An explanation in words, from its numbers: where most of what speaks for the class lies."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np

from core.ecg import LEADS, Lead
from core.explain.explanation import Explanation, Unit
from core.explain.segments import Segments, Wave

_PLACES = 2  # that are named at most
_NAMED = 0.10  # share from which a place is named
_DIFFUSE = 1 / 3  # share below which all places together say too little
_LEAD = 1.5  # times its even share, from which a lead stands out in its wave

_WAVES = {
    Wave.P: "P waves",
    Wave.QRS: "QRS complexes",
    Wave.ST: "ST segments",
    Wave.T: "T waves",
    Wave.REST: "stretches between beats",
    Wave.SECOND: "seconds",
}


def sentence(explanation: Explanation, segments: Segments, probability: float) -> str:
    """Such as ``STTC 0.91: ST segments of V4-V6 carry 46 %, T waves of I and aVL 22 %``.

    Shares are of what is positive, summed over waves; attention is called so.
    """
    head = f"{explanation.superclass} {never_certain(probability)}: "
    places = named_places(explanation, segments)
    if places is None:
        return f"{head}nothing in the record speaks for it"
    if not places:
        return f"{head}spread over all leads and waves"
    verb = "hold" if explanation.unit is Unit.ATTENTION else "carry"
    first, *others = [(place, f"{share:.0%}".replace("%", " %")) for place, share in places]
    what = " of the attention" if explanation.unit is Unit.ATTENTION else ""
    return head + ", ".join(
        [f"{first[0]} {verb} {first[1]}{what}", *(f"{place} {share}" for place, share in others)]
    )


def never_certain(probability: float, digits: int = 2) -> str:
    """A probability that reads as neither 0 nor 1."""
    least = 10**-digits
    if probability < least / 2:
        return f"<{least:.{digits}f}"
    if probability >= 1 - least / 2:
        return f">{1 - least:.{digits}f}"
    return f"{probability:.{digits}f}"


def named_places(explanation: Explanation, segments: Segments) -> list[tuple[str, float]] | None:
    """The places that stand out with their shares, the largest first.

    Empty where it is diffuse, None where nothing is positive.
    """
    grouped = segments.grouped()
    worth = np.maximum(grouped.sums(explanation.attribution), 0)
    if not worth.sum():
        return None
    share = dict(zip(grouped.parts, worth / worth.sum(), strict=True))
    places = []
    for wave in Wave:
        of_lead = {
            lead: sum(s for part, s in share.items() if (part.wave, part.lead) == (wave, lead))
            for lead in LEADS
        }
        leads = _standing_out(of_lead)
        total = float(sum(of_lead[lead] for lead in leads))
        if total >= _NAMED:
            places.append((f"{_WAVES[wave]} of {name_leads(leads)}", total))
    places = sorted(places, key=lambda place: -place[1])[:_PLACES]
    return places if sum(total for _, total in places) >= _DIFFUSE else []


def _standing_out(of_lead: dict[Lead, float]) -> Sequence[Lead]:
    even = sum(of_lead.values()) / len(of_lead)
    return [lead for lead, share in of_lead.items() if share > _LEAD * even] or list(of_lead)


def name_leads(leads: Iterable[Lead]) -> str:
    """Leads in their order, chest leads in ranges: ``I, aVL and V4-V6``."""
    chosen = sorted(set(leads), key=LEADS.index)
    if len(chosen) == len(LEADS):
        return "all leads"
    names = list(_ranges(chosen))
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _ranges(leads: Sequence[Lead]) -> Iterator[str]:
    places = [(LEADS.index(lead), lead) for lead in leads]
    for _, run in groupby(enumerate(places), key=lambda at: at[1][0] - at[0]):
        names = [lead for _, (_, lead) in run]
        chest = [lead for lead in names if lead.startswith("V")]
        yield from (lead for lead in names if not lead.startswith("V"))
        if len(chest) > 2:
            yield f"{chest[0]}-{chest[-1]}"
        else:
            yield from chest
