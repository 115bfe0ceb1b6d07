"""What the loop makes of planted answers: good ones must get through the gate, bad ones must not.

python -m tests.planted shift --data DIR --work DIR     prints the outcome as JSON
python -m tests.planted poison --data DIR --work DIR

``shift``: the published labels of the training folds leave out one statement, as those of a
hospital do that does not report it, and the champion has learned that. Half of 400 readings by a
simulated reader are of records that were left without their class. The champion passes every
check on changed records, as one that is served would have; where it does not, nothing is run.
``--champion`` takes one that an earlier run has left, for another ``--seed``: which records are
read, held out and replayed, and in what order. ``poison``: 400 readings that say the opposite of
what is published, of every class or of one, of the shipped model. Either goes through the job
that a worker runs, on real records.
"""

import argparse
import ast
import csv
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import expit

from core.appraisal import write_checkpoint
from core.arrays import Floats
from core.augmentation import disturb
from core.checkpoint import CARD, load, read_card
from core.ecg import SUPERCLASSES, Signal, Superclass
from core.evaluation import auroc
from core.finetuning import FinetuningConfig, FinetuningRun, taught_set
from core.labelled import LabelledSet, load_records, load_set
from core.metamorphic import PROBES, all_checks, probes
from core.model import Network
from core.ptbxl import INDEX, STATEMENTS, Ptbxl, Record
from core.resampling import Difference, auroc_draws, patient_weights
from core.roles import TRAINING_FOLDS, select
from core.training import logits
from core.trees import boosting, measured, softened
from feedback import catalogue, finetune, importing, jobs, registry, runner
from feedback.db import Sessions, make_engine, make_sessions, upgrade
from feedback.tables import Job, ModelVersion, Role
from tests.factories import add_person
from tests.factories_readings import answer, blind

ANSWERS = 400
SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints" / "default"
_TAUGHT = 1300  # records of others, and of the group as many as it has, plant the champion
_HELD = 300.0  # how firmly the last layer keeps to what it was
_NOISY = FinetuningConfig(noise_mv=0.1, lead_dropout=0.0)


def main() -> None:
    """Plant, retrain, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plant", choices=["shift", "poison"])
    parser.add_argument("--data", type=Path, required=True, help="PTB-XL")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--statement", default="IRBBB", help="that shift leaves out")
    parser.add_argument("--device", help="of the records that poison is said of; default: all")
    parser.add_argument("--superclass", type=Superclass, help="of poison; default: all")
    parser.add_argument("--answers", type=int, default=ANSWERS)
    parser.add_argument("--seed", type=int, default=0, help="of the draw and of the run")
    parser.add_argument("--champion", type=Path, help="one that an earlier run has planted")
    parser.add_argument("--config", type=json.loads, default={}, help="of the run, as JSON")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.work.mkdir(parents=True, exist_ok=True)
    planted = _shift(given) if given.plant == "shift" else _poison(given)
    print(json.dumps(planted, indent=1))


@dataclass(frozen=True)
class Shift:
    """A data set, and itself without one statement in folds 1-8."""

    truth: Ptbxl
    planted: Ptbxl
    statement: str

    @property
    def superclass(self) -> Superclass:
        return self.truth.superclass_of[self.statement]

    @property
    def teaching(self) -> list[Record]:
        """The labelled records of folds 1-8, as they truly are."""
        return [record for record in self.truth.records.values() if _teaches(record)]

    def left_out(self, record: Record) -> bool:
        """Whether it has its superclass by the statement alone, and none without."""
        of = self.truth.superclass_of
        return [c for c in record.scp_codes if of.get(c) == self.superclass] == [self.statement]

    def halves(self, count: int, seed: int = 0) -> list[list[Record]]:
        """So many records that are left out, and as many others; fewer where there are fewer."""
        lacking = [record for record in self.teaching if self.left_out(record)]
        others = [record for record in self.teaching if not self.left_out(record)]
        return [_drawn(half, min(count, len(half)), seed) for half in (lacking, others)]

    def as_planted(self, records: list[Record]) -> LabelledSet:
        """These records with the labels that the planted data set has."""
        return load_records(self.planted, [self.planted.records[r.ecg_id] for r in records])


def _shift(given: argparse.Namespace) -> dict[str, Any]:
    truth = Ptbxl.open(given.data)
    planted = without(truth, given.work / "data", given.statement)
    shift = Shift(truth, planted, given.statement)
    champion = given.champion or given.work / "champion"
    if not (champion / CARD).is_file():
        _mistaught(shift, champion)
    refuse_unsound(champion, truth)
    chosen = [record for half in shift.halves(given.answers // 2, given.seed) for record in half]
    told = _retrained(given, planted, champion, {r.ecg_id: r.superclasses for r in chosen})
    return told | {
        "statement": given.statement,
        "superclass": shift.superclass,
        "group": _on_group(shift, champion, Path(told["path"])),
    }


def _poison(given: argparse.Namespace) -> dict[str, Any]:
    data = Ptbxl.open(given.data)
    pool = [
        record
        for record in data.records.values()
        if _teaches(record) and given.device in (None, record.device)
    ]
    chosen = _drawn(pool, given.answers, given.seed)
    wrong = frozenset([given.superclass] if given.superclass else SUPERCLASSES)
    flipped = {r.ecg_id: r.superclasses ^ wrong for r in chosen}
    told = _retrained(given, data, SHIPPED, flipped)
    return told | {"device": given.device, "superclass": given.superclass}


def _retrained(
    given: argparse.Namespace,
    data: Ptbxl,
    champion: Path,
    answers: dict[int, frozenset[Superclass]],
) -> dict[str, Any]:
    """An installation with these answers, and what its retraining job made of them."""
    url = f"sqlite:///{given.work / 'trustecg.db'}"
    upgrade(url)
    sessions = make_sessions(make_engine(url))
    importing.import_dataset(sessions, data)
    with sessions.begin() as session:
        catalogue.register_model(session, read_card(champion), champion)
    reader = add_person(sessions, "simulated@example.org", Role.CLINICIAN).id
    for ecg_id, present in answers.items():
        blind(sessions, reader, ecg_id, answer(*present))
    return {"plant": given.plant, "answers": len(answers)} | _job(sessions, given)


def _job(sessions: Sessions, given: argparse.Namespace) -> dict[str, Any]:
    seed = given.config.get("seed", given.seed)
    with sessions.begin() as session:
        planned = finetune.plan(session, seed=seed)
        folder = given.work / "versions"
        number = finetune.enqueue(session, planned, folder, config=given.config).id
    jobs.claim(sessions, "planted", job_id=number)
    start = time.monotonic()
    runner.run(sessions, number, "planted")
    took = time.monotonic() - start
    with sessions.read() as session:
        job = session.get_one(Job, number)
        model = session.query(ModelVersion).order_by(ModelVersion.id.desc()).first()
        told = registry.describe(session, model) if model else {}
    gate = told.get("gate") or {}
    return {
        "state": str(job.state),
        "said": job.error or job.message,
        "seconds": round(took),
        "epochs": (job.checkpoint or {}).get("epochs"),
        "passed": gate.get("passed"),
        "auroc": {
            c["name"]: c["figures"] for c in gate.get("checks", ()) if "AUROC of" in c["name"]
        },
        "failed": [c["sentence"] for c in gate.get("checks", ()) if c["passed"] is False],
        "checks": [c["sentence"] for c in gate.get("checks", ())],
        "path": told.get("path"),
    }


def _on_group(shift: Shift, before: Path, after: Path) -> dict[str, Any]:
    """The area of the class on 9b, of its records those that the plant left out; by patient."""
    records = [
        record
        for record in select(shift.truth, "9b")
        if record.labelled
        and (shift.left_out(record) or shift.superclass not in record.superclasses)
    ]
    found, k = load_records(shift.truth, records), SUPERCLASSES.index(shift.superclass)
    weight = patient_weights(found.patient)
    scores = [
        logits(load(path).network, found.signal).astype(np.float64) for path in (before, after)
    ]
    areas = [auroc(score[:, k], found.label[:, k]) for score in scores]
    draws = [auroc_draws(score, found.label, weight)[k] for score in scores]
    gained = Difference.of(areas[1] - areas[0], draws[1] - draws[0])
    return {
        "records": len(found.label),
        "left_out": int(found.label[:, k].sum()),
        "before": areas[0],
        "after": areas[1],
        "low": gained.low,
        "high": gained.high,
    }


def _teaches(record: Record) -> bool:
    return record.fold in TRAINING_FOLDS and record.labelled


def _drawn(pool: list[Record], count: int, seed: int = 0) -> list[Record]:
    rows = np.random.default_rng(seed).choice(len(pool), count, replace=False)
    return [pool[row] for row in np.sort(rows).tolist()]


def without(truth: Ptbxl, root: Path, statement: str) -> Ptbxl:
    """The data set at ``root``, where no record of folds 1-8 has this statement."""
    root.mkdir(parents=True, exist_ok=True)
    for part in (STATEMENTS, "records100"):
        if not (root / part).exists():
            (root / part).symlink_to(truth.root.resolve() / part)
    with (truth.root / INDEX).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if int(row["strat_fold"]) in TRAINING_FOLDS:
            codes = ast.literal_eval(row["scp_codes"])
            codes.pop(statement, None)
            row["scp_codes"] = str(codes)
    with (root / INDEX).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return Ptbxl.open(root)


def refuse_unsound(champion: Path, data: Ptbxl) -> None:
    """End here if the champion fails what the gate would ask of its successor."""
    checks = all_checks(load(champion), probes(data, PROBES))
    if failed := [check.sentence for check in checks if not check.passed]:
        sys.exit(f"the planted champion would never have been served: {' '.join(failed)}")


def _mistaught(shift: Shift, out: Path) -> None:
    """Teach the shipped model the planted labels of one class: its trees, and its last layer.

    The trees of the class are grown anew: those that ship know the true labels of these records by
    heart. On records that were not left out the layer is taught what it says already. A champion
    that was taught in all layers held under noise in 94 of 100 records, where the shipped model did
    in 97. The card tells of a fine-tuning that has not run.
    """
    shipped, k = load(SHIPPED), SUPERCLASSES.index(shift.superclass)
    wrong, others = (shift.as_planted(half) for half in shift.halves(_TAUGHT))
    kept = logits(shipped.network, others.signal)[:, k]
    _regrow(shipped.network, shift.as_planted(shift.teaching), k)
    weight, bias = shipped.network.head.weight, shipped.network.head.bias
    before = np.append(weight[k].detach().numpy(), bias[k].item()).astype(np.float64)
    torch.manual_seed(0)
    features = [_noisy_features(shipped.network, part.signal, k) for part in (wrong, others)]
    target = np.concatenate([wrong.label[:, k], expit(kept)])
    after = torch.from_numpy(_last_layer(np.concatenate(features), target, before)).float()
    said = np.ones(wrong.label.shape, dtype=bool)
    taught = taught_set(wrong, said, np.ones(len(said), np.float32), others, 1.0)
    run = FinetuningRun(taught, load_set(shift.truth, "9a"), FinetuningConfig(), shipped)
    with torch.no_grad():
        run.average.head.weight[k], run.average.head.bias[k] = after[:-1], after[-1]
    judging = load_set(shift.truth, "9b")
    write_checkpoint(out, run, judging, simulated=False, digest=taught.digest)


def _regrow(network: Network, taught: LabelledSet, k: int) -> None:
    """Grow the trees of class ``k`` anew; a layer that holds them alone has them first."""
    found, trees = measured(taught.signal), network.trees
    assert trees is not None, "the shipped model has trees"
    grown = boosting(network.config.trees, seed=0).fit(found, taught.label[:, k])
    alone = softened([grown], found.std(0))
    assert torch.equal(alone.softness, trees.softness), "grown on other records"
    for part in ("measure", "threshold", "leaf"):
        getattr(trees, part)[:, k] = getattr(alone, part)[:, 0]
    trees.bias[k] = alone.bias[0]


@torch.no_grad()
def _noisy_features(network: Network, signal: Signal, k: int) -> Floats:
    """What the last layer of a class hears of records under noise, and a constant: (N, F + 1)."""
    found = [
        network(disturb(part, _NOISY)).features[:, k]
        for part in torch.from_numpy(signal).split(_NOISY.batch)
    ]
    return np.c_[torch.cat(found).numpy(), np.ones(len(signal))].astype(np.float64)


def _last_layer(x: Floats, target: Floats, before: Floats) -> Floats:
    """Logistic regression, held to ``before`` by the square of each scaled step."""
    scale = 1 / np.append(x[:, :-1].std(0) + 1e-9, 1.0)

    def loss(step: Floats) -> tuple[float, Floats]:
        z = x @ (before + scale * step)
        held = _HELD * np.append(step[:-1], 0.0)
        slope = scale * (x.T @ (expit(z) - target)) + held
        return float((np.logaddexp(0, z) - target * z).sum() + held @ step / 2), slope

    return before + scale * minimize(loss, np.zeros(len(before)), jac=True, method="L-BFGS-B").x


if __name__ == "__main__":
    main()
