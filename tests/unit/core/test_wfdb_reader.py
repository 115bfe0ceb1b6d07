"""WFDB records: read by name into the right row, or refused with what is wrong."""

import errno
from pathlib import Path

import numpy as np
import pytest

from core.ecg import LEADS, Lead
from core.errors import LeadsError, RecordNotFound, RecordUnreadable
from core.wfdb_reader import read_wfdb
from tests.factories_ecg import ecg, write_record

CAPITALS = [lead.upper() for lead in LEADS]


def test_samples_come_back_in_millivolts(tmp_path: Path) -> None:
    written = write_record(tmp_path / "one", names=CAPITALS)
    read = read_wfdb(tmp_path / "one.hea", ecg_id=7)
    assert (read.rate, read.ecg_id, read.signal.dtype) == (100.0, 7, np.float32)
    np.testing.assert_allclose(read.signal, written, atol=1e-6)


def test_reordered_leads_are_placed_by_their_name(tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(12)
    signal = ecg().signal
    write_record(tmp_path / "one", signal[order], names=[LEADS[k] for k in order])
    read = read_wfdb(tmp_path / "one")
    np.testing.assert_allclose(read.signal, signal, atol=6e-4)


@pytest.mark.parametrize(("unit", "factor"), [("uV", 1e-3), ("V", 1e3), ("mV", 1.0)])
def test_units_become_millivolts(tmp_path: Path, unit: str, factor: float) -> None:
    written = write_record(tmp_path / "one", unit=unit)
    np.testing.assert_allclose(read_wfdb(tmp_path / "one").signal, written * factor, rtol=1e-6)


def test_a_sample_that_was_not_taken_is_nan(tmp_path: Path) -> None:
    signal = ecg().signal.copy()
    signal[LEADS.index(Lead.V3), 40] = np.nan
    write_record(tmp_path / "one", signal)
    missing = np.argwhere(np.isnan(read_wfdb(tmp_path / "one").signal))
    assert missing.tolist() == [[LEADS.index(Lead.V3), 40]]


def test_other_forms_of_wfdb_are_read_too(tmp_path: Path) -> None:
    import wfdb

    signal = ecg(rate=500).signal.astype(np.float64)
    wfdb.wrsamp(
        "one", 500, ["mV"] * 12, list(LEADS), signal.T, fmt=["212"] * 12, write_dir=str(tmp_path)
    )
    read = read_wfdb(tmp_path / "one")
    assert read.rate == 500
    np.testing.assert_allclose(read.signal, signal, atol=2e-3)


@pytest.mark.real
def test_the_quick_reader_agrees_with_wfdb_on_real_records(ptbxl_root: Path) -> None:
    import wfdb

    for stem in sorted((ptbxl_root / "records100" / "00000").glob("*.hea"))[:20]:
        record = wfdb.rdrecord(str(stem.with_suffix("")))
        assert [name.upper() for name in record.sig_name] == CAPITALS
        np.testing.assert_allclose(read_wfdb(stem).signal, record.p_signal.T, atol=1e-6)


def spoil(stem: Path, text: str, other: str) -> None:
    header = stem.with_name(stem.name + ".hea")
    header.write_text(header.read_text().replace(text, other))


def missing_lead(stem: Path) -> None:
    write_record(stem, ecg().signal[:11], names=LEADS[:11])


def renamed_lead(stem: Path) -> None:
    write_record(stem, names=[*LEADS[:11], "V7"])


def doubled_lead(stem: Path) -> None:
    write_record(stem, names=[*LEADS[:11], "V5"])


def cut_samples(stem: Path) -> None:
    write_record(stem)
    samples = stem.with_name("one.dat").read_bytes()
    stem.with_name("one.dat").write_bytes(samples[:12000])


def no_samples(stem: Path) -> None:
    write_record(stem)
    stem.with_name("one.dat").write_bytes(b"")


def header_states_fewer(stem: Path) -> None:
    write_record(stem, samples=500)


def other_samples(stem: Path) -> None:
    write_record(stem)
    samples = bytearray(stem.with_name("one.dat").read_bytes())
    samples[100] ^= 255
    stem.with_name("one.dat").write_bytes(samples)


def unknown_unit(stem: Path) -> None:
    write_record(stem, unit="mmHg")


def no_gain(stem: Path) -> None:
    write_record(stem)
    lines = (header := stem.with_name("one.hea")).read_text().splitlines()
    lines[1 + LEADS.index(Lead.V2)] = lines[1 + LEADS.index(Lead.V2)].replace("1000.0(0)", "0(0)")
    header.write_text("\n".join(lines))


def no_gain_in_another_form(stem: Path) -> None:
    no_gain(stem)
    spoil(stem, " 16 0 ", " 12 0 ")
    spoil(stem, "one.dat 16", "one.dat 16x1")


def climbing_samples(stem: Path) -> None:
    write_record(stem)
    spoil(stem, "one.dat", "../two.dat")


def no_header(stem: Path) -> None:
    stem.with_name("one.dat").write_bytes(b"")


def no_dat(stem: Path) -> None:
    write_record(stem)
    stem.with_name("one.dat").unlink()


def empty_header(stem: Path) -> None:
    write_record(stem)
    stem.with_name("one.hea").write_text("")


TWELVE = "the twelve I, II, III, aVR, aVL, aVF, V1, V2, V3, V4, V5, V6 are needed, each once"

NO_GAIN = (
    "{stem}.hea gives no gain for lead V2: voltages are unknown; export the record again with "
    "the gain of its recorder"
)


@pytest.mark.parametrize(
    ("spoilt", "error", "message"),
    [
        (
            missing_lead,
            LeadsError,
            "{stem}.hea names the leads I, II, III, aVR, aVL, aVF, V1, V2, V3, V4, V5: " + TWELVE,
        ),
        (
            renamed_lead,
            LeadsError,
            "{stem}.hea names the leads I, II, III, aVR, aVL, aVF, V1, V2, V3, V4, V5, V7: "
            + TWELVE,
        ),
        (
            doubled_lead,
            LeadsError,
            "{stem}.hea names the leads I, II, III, aVR, aVL, aVF, V1, V2, V3, V4, V5, V5: "
            + TWELVE,
        ),
        (
            cut_samples,
            RecordUnreadable,
            "{stem}.dat has 12000 bytes, {stem}.hea states 24000 (12 leads of 1000 samples): "
            "fetch them again",
        ),
        (
            no_samples,
            RecordUnreadable,
            "{stem}.dat has 0 bytes, {stem}.hea states 24000 (12 leads of 1000 samples): "
            "fetch them again",
        ),
        (
            header_states_fewer,
            RecordUnreadable,
            "{stem}.dat has 24000 bytes, {stem}.hea states 12000 (12 leads of 500 samples): "
            "fetch them again",
        ),
        (
            other_samples,
            RecordUnreadable,
            "{stem}.dat does not have the checksums that {stem}.hea states: fetch them again",
        ),
        (
            unknown_unit,
            RecordUnreadable,
            "{stem}.hea gives the unit 'mmHg': mV, uV or V is needed",
        ),
        (no_gain, RecordUnreadable, NO_GAIN),
        (no_gain_in_another_form, RecordUnreadable, NO_GAIN),
        (
            climbing_samples,
            RecordUnreadable,
            "{stem}.hea names '../two.dat' as its samples, not one.dat beside it: "
            "give one header and one .dat of the same name",
        ),
        (
            no_header,
            RecordNotFound,
            "{stem}.hea is not there: give FILE.hea with FILE.dat beside it",
        ),
        (no_dat, RecordNotFound, "{stem}.dat is not there: give FILE.hea with FILE.dat beside it"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, spoilt: object, error: type[Exception], message: str
) -> None:
    stem = tmp_path / "one"
    assert callable(spoilt)
    spoilt(stem)
    with pytest.raises(error) as caught:
        read_wfdb(stem)
    assert str(caught.value) == message.format(stem=stem)


def test_a_header_that_does_not_parse_is_named(tmp_path: Path) -> None:
    empty_header(tmp_path / "one")
    with pytest.raises(RecordUnreadable, match=r"one\.hea and \.dat disagree or do not parse \("):
        read_wfdb(tmp_path / "one")


@pytest.mark.parametrize(
    "fails", [(Path, "read_text"), (np, "fromfile")], ids=["header", "samples"]
)
def test_a_disk_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: tuple[object, str]
) -> None:
    write_record(tmp_path / "one")

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(*fails, fail)
    with pytest.raises(RecordUnreadable) as caught:
        read_wfdb(tmp_path / "one")
    assert str(caught.value) == (
        f"{tmp_path / 'one'}.hea and .dat cannot be read (Input/output error): see that this user "
        "may read them and the disk is well"
    )


def test_a_header_that_claims_a_giant_record_is_refused_at_once(tmp_path: Path) -> None:
    write_record(tmp_path / "one", samples=10**12)
    with pytest.raises(RecordUnreadable, match="states 24000000000000"):
        read_wfdb(tmp_path / "one")


def test_a_path_that_climbs_is_refused(tmp_path: Path) -> None:
    write_record(tmp_path / "outside")
    (tmp_path / "data").mkdir()
    stem = tmp_path / "data" / ".." / "outside"
    with pytest.raises(RecordNotFound) as caught:
        read_wfdb(stem, within=tmp_path / "data")
    assert str(caught.value) == (
        f"{stem} lies outside {tmp_path / 'data'}: correct the index of the data set"
    )


def test_a_linked_folder_of_samples_is_no_climb(tmp_path: Path) -> None:
    write_record(tmp_path / "disk" / "one")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "records100").symlink_to(tmp_path / "disk")
    assert read_wfdb(tmp_path / "data" / "records100" / "one", within=tmp_path / "data").rate == 100
