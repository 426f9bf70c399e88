"""Requests to a service about patients, good and bad ones, with planted strings wherever a caller can write."""

import gzip
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from tests.patients import DATES, FAR, KEY, KNOWN, NAMES, NUMBERS, POISONED, SECRETS, UNKNOWN, WORDS

VISIT = {"visit_date": "2024-06-03", "days_dispensed": 90}


@dataclass(frozen=True)
class Asked:
    """One request. is_down: while the feature store is."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_down: bool = False


def traffic(count: int = 1000, seed: int = 4) -> list[Asked]:
    """Each kind of request as often as any other, in no order; the last tenth of them while the store is down."""
    chance = random.Random(seed)
    kinds = Kinds(chance).every()
    asked = [kinds[place % len(kinds)]() for place in range(count)]
    chance.shuffle(asked)
    up = count - count // 10
    return [*asked[:up], *(replace(one, is_down=True) for one in asked[up:])]


class Kinds:
    """What callers do, each method one kind of it."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._any = chance.choice

    def every(self) -> list[Callable[[], Asked]]:
        return [getattr(self, name) for name in sorted(vars(type(self))) if name[0] != "_" and name != "every"]

    def a_visit(self) -> Asked:
        return self._predict(self._visit())

    def a_visit_by_every_model(self) -> Asked:
        return self._predict(self._visit(return_all_models=True))

    def a_visit_in_gzip(self) -> Asked:
        asked = self._predict(self._visit())
        return replace(asked, body=gzip.compress(asked.body), headers={**asked.headers, "content-encoding": "gzip"})

    def everything_at_once(self) -> Asked:
        said = {"sex": "MALE", "state": self._any(WORDS), "age_years": 41, "facility_type": "PRIMARY"}
        said |= {"dsd_model": "CLUB", "art_start_date": self._any(DATES), "regimen_line": "FIRST"}
        said |= {"appointments_12m": 5, "appointments_kept_12m": 4, "missed_refills_12m": 1, "prior_interruptions": 0}
        return self._predict(self._visit(self._any(UNKNOWN), **said))

    def a_patient_who_lives_too_far_away(self) -> Asked:
        return self._predict(self._visit(distance_km=FAR))

    def an_unknown_patient(self) -> Asked:
        return self._predict(self._visit(self._any(UNKNOWN)))

    def a_patient_with_poisoned_features(self) -> Asked:
        return self._predict(self._visit(POISONED))

    def a_word_in_place_of_a_value(self) -> Asked:
        name = self._any(["weight_kg", "visit_date", "who_stage", "tb_symptoms", "cd4", "sex", "patient_id"])
        return self._predict(
            self._visit() | {name: self._any([[self._any(NAMES)], {self._any(NAMES): 1}, self._any(NAMES)])}
        )

    def a_number_out_of_range(self) -> Asked:
        return self._predict(self._visit(**{self._any(["weight_kg", "possession_ratio"]): self._any(NUMBERS) * 1000}))

    def a_number_in_place_of_a_word(self) -> Asked:
        return self._predict(self._visit(**{self._any(["sex", "education", "who_stage"]): self._any(NUMBERS)}))

    def a_wrong_date(self) -> Asked:
        return self._predict(self._visit(visit_date=self._any(DATES), last_visit_date=f"{self._any(DATES)}T{NAMES[0]}"))

    def an_unknown_member(self) -> Asked:
        return self._predict(self._visit(**{self._any([*NAMES, *WORDS, *SECRETS]): self._any(NUMBERS)}))

    def a_doubled_member(self) -> Asked:
        name = json.dumps(self._any(NAMES))
        return self._predict(b'{"patient_id": "%s", %s: 1, %s: 2}' % (KNOWN[0].encode(), name.encode(), name.encode()))

    def an_absurd_text(self) -> Asked:
        return self._predict(self._visit(self._any(NAMES) * 100))

    def a_wrong_option(self) -> Asked:
        name = self._any(["model", "voting", "return_probabilities", "return_all_models", "model_name"])
        return self._predict(self._visit(**{name: self._any([*NAMES, *NUMBERS])}))

    def two_models(self) -> Asked:
        return self._predict(self._visit(model=self._any(NAMES), model_name=self._any(WORDS)))

    def a_body_that_ends_early(self) -> Asked:
        body = json.dumps(self._visit()).encode()
        return self._predict(body[: self._chance.randrange(1, len(body))])

    def a_body_of_another_shape(self) -> Asked:
        return self._predict(json.dumps(self._any([self._any(NAMES), [self._visit()], self._any(NUMBERS)])).encode())

    def a_body_of_other_bytes(self) -> Asked:
        return self._predict(b'{"patient_id": "\xff' + self._any(NAMES).encode() + b'"}')

    def a_garbled_gzip(self) -> Asked:
        body = self._any(
            [
                gzip.compress(b"{")[:-3],
                b"\x1f\x8b" + self._any(NAMES).encode(),
                gzip.compress(b"x") + SECRETS[0].encode(),
            ]
        )
        return self._predict(body, **{"content-encoding": "gzip"})

    def a_batch(self) -> Asked:
        good = [self._visit(name) for name in (*KNOWN, *UNKNOWN, POISONED)]
        bad = [self._visit(weight_kg=self._any(NAMES)), self._any(NAMES), self._visit() | {self._any(NAMES): 1}, 7]
        patients = [*good, *bad]
        self._chance.shuffle(patients)
        return self._predict({"patients": patients}, "/predict/batch")

    def a_bad_batch(self) -> Asked:
        bad = [self._visit(weight_kg=self._any(NAMES)), {self._any(NAMES): self._any(NUMBERS)}, self._any(NAMES)]
        return self._predict({"patients": bad}, "/predict/batch")

    def a_batch_under_another_name(self) -> Asked:
        return self._predict({self._any(NAMES): [self._visit()]}, "/predict/batch")

    def a_model_that_is_a_name(self) -> Asked:
        return self._predict(self._visit(), f"/models/{quote(self._any([*NAMES, *KNOWN]))}/predict")

    def info_on_a_name(self) -> Asked:
        return self._get(f"/models/{quote(self._any([*NAMES, *UNKNOWN]))}/info")

    def a_patient_as_a_path(self) -> Asked:
        path = self._any(["/patients/{}", "/api/v1/predict/{}", "/{}", "/models/{}/predict/x", "/docs/{}"])
        return self._get(path.format(quote(self._any([*KNOWN, *NAMES, *SECRETS]))))

    def a_patient_in_the_query(self) -> Asked:
        return self._get(f"/api/v1/health?deep={quote(self._any(NAMES))}&patient={self._any(KNOWN)}")

    def a_get_where_a_post_belongs(self) -> Asked:
        return self._get(f"/predict?patient_id={self._any(KNOWN)}")

    def a_method_nobody_knows(self) -> Asked:
        return replace(self._predict(self._visit()), method=self._any([SECRETS[3], "DELETE"]))

    def a_request_id(self) -> Asked:
        return self._predict(self._visit(), **{"x-request-id": self._any([*SECRETS, *KNOWN])})

    def a_content_type(self) -> Asked:
        return self._predict(self._visit(), **{"content-type": f"text/{self._any(SECRETS)}"})

    def a_content_encoding(self) -> Asked:
        return self._predict(self._visit(), **{"content-encoding": self._any(SECRETS)})

    def a_key_of_nobody(self) -> Asked:
        return self._predict(self._visit(), **{"x-api-key": self._any([*SECRETS, *KNOWN])})

    def headers_nobody_reads(self) -> Asked:
        said = {
            "user-agent": self._any(SECRETS),
            "traceparent": self._any(SECRETS),
            "x-amzn-trace-id": "Root=" + SECRETS[0],
        }
        return self._predict(self._visit(), **said, origin=f"https://{SECRETS[1]}.example")

    def a_preflight_from_elsewhere(self) -> Asked:
        said = {"origin": f"https://{self._any(SECRETS)}.example", "access-control-request-method": "POST"}
        return Asked("OPTIONS", "/predict", b"", {"access-control-request-headers": SECRETS[4], **said})

    def _visit(self, patient: str = "", **more: Any) -> dict[str, Any]:
        said = {"patient_id": patient or self._any(KNOWN), "weight_kg": self._any(NUMBERS[:2])}
        return {**said, **VISIT, **more}

    def _predict(self, body: object, path: str = "", **headers: str) -> Asked:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        to = path or self._any(["/predict", "/api/v1/predict", "/models/other/predict"])
        return Asked("POST", to, raw, {"x-api-key": KEY, "content-type": "application/json", **headers})

    def _get(self, path: str) -> Asked:
        return Asked("GET", path, b"", {"x-api-key": KEY})
