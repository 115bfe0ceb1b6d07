from core.explain.ledger import Ledger

RUN = {"weights": "abc", "records": 3}


def test_a_run_that_was_stopped_finds_what_it_had(tmp_path):
    path = tmp_path / "ledger.jsonl"
    Ledger(path, RUN).add("judged", {"ecg_id": 1})
    again = Ledger(path, RUN)
    again.add("aimed", {"ecg_id": 2})
    assert again.of("judged") == [{"ecg_id": 1}]
    assert Ledger(path, RUN).of("aimed") == [{"ecg_id": 2}]


def test_rows_of_another_run_are_not_taken_over(tmp_path):
    path = tmp_path / "ledger.jsonl"
    Ledger(path, RUN).add("judged", {"ecg_id": 1})
    assert Ledger(path, RUN | {"weights": "def"}).of("judged") == []
    assert Ledger(path, RUN).of("judged") == []


def test_a_row_cut_short_by_a_crash_is_measured_again(tmp_path):
    path = tmp_path / "ledger.jsonl"
    Ledger(path, RUN).add("judged", {"ecg_id": 1})
    with path.open("a") as stream:
        stream.write('{"kind": "judged", "ecg')
    again = Ledger(path, RUN)
    assert again.of("judged") == [{"ecg_id": 1}]
    again.add("judged", {"ecg_id": 2})
    assert Ledger(path, RUN).of("judged") == [{"ecg_id": 1}, {"ecg_id": 2}]


def test_nothing_is_left_of_a_run_that_is_done(tmp_path):
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path, RUN)
    ledger.close()
    assert not path.exists()
