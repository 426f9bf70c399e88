from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from serinus.record import Form
from serinus.service import Service, load
from serinus.tables.rows import rows_of
from serinus.tables.table import TableError
from services.iit.simulator import LEFT_OUT, Cohort, simulate


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return simulate(8_000, seed=3)


@pytest.fixture(scope="module")
def service() -> Service:
    return load(Path("services/iit/service.toml"))


def rate(cohort: Cohort, condition: object) -> float:
    chosen = pc.fill_null(condition, False).to_numpy(zero_copy_only=False)
    assert chosen.sum() > 150
    return float(cohort.interrupted[chosen].mean())


def test_the_same_seed_makes_the_same_visits(cohort: Cohort) -> None:
    again, other = simulate(8_000, seed=3), simulate(8_000, seed=4)
    assert again.visits == cohort.visits
    np.testing.assert_array_equal(again.interrupted, cohort.interrupted)
    assert other.visits != cohort.visits


def test_as_many_are_interrupted_as_programmes_report(cohort: Cohort) -> None:
    assert 0.10 < cohort.interrupted.mean() < 0.25


def test_what_was_published_shows_in_who_is_interrupted(cohort: Cohort) -> None:
    visits = cohort.visits
    missed, age, days = visits["missed_refills_12m"], visits["age_years"], visits["days_dispensed"]
    assert rate(cohort, pc.greater_equal(missed, 2)) > 1.7 * rate(cohort, pc.equal(missed, 0))
    youth = pc.and_(pc.greater_equal(age, 15), pc.less(age, 25))
    assert rate(cohort, youth) > rate(cohort, pc.greater_equal(age, 45))
    assert rate(cohort, pc.greater_equal(visits["distance_km"], 9)) > rate(cohort, pc.less(visits["distance_km"], 7))
    assert rate(cohort, pc.equal(days, 30)) > rate(cohort, pc.equal(days, 180))
    assert rate(cohort, pc.equal(visits["sex"], "MALE")) > rate(cohort, pc.equal(visits["sex"], "FEMALE"))
    model = visits["dsd_model"]
    assert rate(cohort, pc.equal(model, "FACILITY")) > rate(cohort, pc.equal(model, "COMMUNITY_GROUP"))


def test_clinics_leave_out_what_clinics_leave_out(cohort: Cohort) -> None:
    for name, share in LEFT_OUT.items():
        assert cohort.visits[name].null_count >= 0.8 * share * len(cohort), name
    assert cohort.visits["last_visit_date"].null_count > 0
    known = {*LEFT_OUT, "last_visit_date", "appointment_date", "mean_days_late_12m", "possession_ratio"}
    assert all(cohort.visits[name].null_count == 0 for name in set(cohort.visits.column_names) - known)


def test_every_visit_is_one_the_service_takes(cohort: Cohort, service: Service) -> None:
    read = rows_of(service, cohort.visits)
    assert read.good.all()
    assert not read.bad
    assert {field.name for field in service.input.given} == set(cohort.visits.column_names)


def test_a_visit_is_the_same_row_in_a_request(cohort: Cohort, service: Service) -> None:
    form = Form.of(service.input, "allow")
    records = [{k: v for k, v in record.items() if v is not None} for record in cohort.visits.slice(0, 50).to_pylist()]
    online = np.concatenate([form.read(record).row for record in records])
    np.testing.assert_array_equal(online, rows_of(service, cohort.visits).rows[:50])


def test_a_visit_out_of_range_is_left_out_and_counted_by_field(cohort: Cohort, service: Service) -> None:
    few = cohort.visits.slice(0, 5)
    place = few.column_names.index("age_years")
    read = rows_of(service, few.set_column(place, "age_years", pa.array([130, 20, 30, -1, None])))
    assert read.good.tolist() == [False, True, True, False, False]
    assert read.bad == {"age_years": 3}
    assert np.isfinite(read.rows[1:3, service.input.names.index("age_years")]).all()


def test_a_table_without_a_needed_column_is_refused_by_name(cohort: Cohort, service: Service) -> None:
    with pytest.raises(TableError, match=r"lacks 1 of .* 'sex'"):
        rows_of(service, cohort.visits.drop_columns(["sex"]))


def test_no_visits_are_no_cohort() -> None:
    with pytest.raises(ValueError, match="at least 1 visit"):
        simulate(0, seed=0)
