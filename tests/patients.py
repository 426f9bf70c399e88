"""A service about patients as tests need it: the real one, of linear models, and traffic full of what must not leak.

The models fail, and name the distance, where a patient lives further away than 730 km: a fault as ONNX Runtime has it.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from serinus import bundle as bundles
from serinus import service as services
from serinus.bundle import Bundle
from serinus.metadata import Checksum
from tests.records import write_record_service

TOML = Path(__file__).parents[1] / "services" / "iit" / "service.toml"
KEY, AUDIT_KEY = "serinus_key-of-the-clinic-at-7", "audit-key-of-the-tests-and-nobody-else"
FAR_KM = 730

KNOWN = [f"NG-AMINA-{number}" for number in range(48210, 48216)]
UNKNOWN = [f"NG-CHIDI-{number}" for number in range(77120, 77124)]
POISONED = "NG-NGOZI-31337"
NAMES = ["Amina Bello-Okafor", "Chidi Nwosu-Eze", "Ngozi Adeyemi-Obi", "Fatima Sani-Musa", "Tunde Bakare-Alli"]
WORDS = ["widow-of-Katsina", "missed-for-childbirth", "told-no-one-at-home", "lost-her-job-in-May", "afraid-of-stigma"]
SECRETS = ["visit-of-amina-bello", "file-of-chidi-nwosu", "sk-ngozi-adeyemi-clinic-9", "MUSA-FATIMA", "x-fatima-sani"]
NUMBERS = [73.190482, 61.427913, 0.93718264, 187.553071, 12.804417, 451.7302, 24681.357, 3.3917264]
DATES = ["1997-03-29", "2003-11-17", "2011-08-23", "2019-02-05"]
FAR = 731.90625  # 7319062.5 ten-thousandths of a km, as the fault says
PLANTED = [*KNOWN, *UNKNOWN, POISONED, *NAMES, *WORDS, *SECRETS, *map(str, NUMBERS), *DATES, str(FAR), "7319062"]

STORED: dict[str, Any] = {
    "age_years": 34,
    "sex": "FEMALE",
    "state": WORDS[0],
    "facility_type": "SECONDARY",
    "dsd_model": "FACILITY",
    "art_start_date": DATES[0],
    "regimen_line": "FIRST",
    "appointments_12m": 5,
    "appointments_kept_12m": 4,
    "missed_refills_12m": 1,
    "prior_interruptions": 0,
    "mean_days_late_12m": NUMBERS[4],
    "possession_ratio": NUMBERS[2],
    "cd4": NUMBERS[5],
    "viral_load": NUMBERS[6],
}
POISON = json.dumps({"at": 0, "values": NAMES[0]}).encode()


def write_iit(folder: Path, *, personal: bool = True) -> Path:
    """The service.toml of services/iit for two models in ./models; without its limit on requests."""
    text = TOML.read_text().replace("rate_per_minute = 6000\n", "").replace('by = "roc_auc"', 'by = "f1_score"')
    text = text.replace('lightgbm = "1.0.0"', 'lightgbm = "1.0.0"\nother = "1.0.0"').replace(
        "retries = 2", "retries = 0"
    )
    file = write_record_service(folder, text if personal else text.replace("personal = true", "personal = false"))
    service = services.load(file)
    for bundle in service.bundles(folder / "models").values():
        _fail_far_away(bundle, service.input.names.index("distance_km"))
    return file


def _fail_far_away(folder: Path, place: int) -> None:
    """Make the model of a bundle look up a row that is not there for patients who live too far away."""
    model = onnx.load_from_string((folder / "model.onnx").read_bytes())
    made = {
        "place": np.array([place], np.int64),
        "far": np.array([FAR_KM], np.float32),
        "scale": np.array([1e4], np.float32),
        "near": np.zeros(1, np.float32),
        "rows": np.zeros(1, np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["filled", "place"], ["km"], axis=1),
        helper.make_node("Greater", ["km", "far"], ["is_far"]),
        helper.make_node("Mul", ["km", "scale"], ["fine"]),
        helper.make_node("Where", ["is_far", "fine", "near"], ["looked_up"]),
        helper.make_node("Cast", ["looked_up"], ["row"], to=TensorProto.INT64),
        helper.make_node("Gather", ["rows", "row"], ["nothing"]),
        helper.make_node("Add", ["scores", "nothing"], ["all_scores"]),
    ]
    graph = model.graph
    for node in graph.node:
        if node.op_type == "Softmax":
            node.input[0] = "all_scores"
    before = next(place for place, node in enumerate(graph.node) if node.op_type == "Softmax")
    for offset, node in enumerate(nodes):
        graph.node.insert(before + offset, node)
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in made.items())
    _rewritten(Bundle.load(folder), bytes(model.SerializeToString()))


def _rewritten(bundle: Bundle, model: bytes) -> None:
    metadata = bundle.metadata.model_copy(update={"checksum": Checksum(value=bundles.digest(model))})
    contents = {"model.onnx": model, "metadata.json": metadata.model_dump_json(indent=2).encode()}
    golden = (bundle.folder / "golden.npz").read_bytes()
    bundles.write(bundle.folder, {**contents, "golden.npz": golden}, replace=True)


@dataclass
class Told:
    """All that left a service. answered: the bodies of good answers, which may hold what was asked."""

    log: str = ""
    audit: str = ""
    metrics: str = ""
    console: str = ""
    errors: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def add(self, status: int, headers: Mapping[str, str], body: str) -> None:
        self.statuses[status] += 1
        self.headers.append(str(dict(headers)))
        if status != 200:
            self.errors.append(body)
            return
        self.answered.append(body)
        if headers["content-type"] == "application/json":
            self.errors.append(json.dumps(json.loads(body).get("errors", [])))

    @property
    def leaks(self) -> dict[str, list[str]]:
        channels = {
            "log": self.log,
            "audit": self.audit,
            "metrics": self.metrics,
            "console": self.console,
            "errors": "\n".join(self.errors),
            "headers": "\n".join(self.headers),
        }
        return {name: leaked for name, text in channels.items() if (leaked := found(text))}


def found(text: str) -> list[str]:
    """The planted strings that `text` holds, however they are written: a number may have been rounded."""
    plain = text.casefold()
    return [one for one in PLANTED if _short(one).casefold() in plain]


def _short(planted: str) -> str:
    return planted[:7] if planted[:1].isdigit() and "." in planted else planted
