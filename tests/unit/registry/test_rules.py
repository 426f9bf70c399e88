"""What may be done to the versions of a model: records in, a change out."""

from datetime import UTC, datetime

import pytest

from serinus.errors import RegistryError
from serinus.registry import rules
from serinus.registry.record import Change, Model, Record, StoredFile, Summary
from serinus.registry.rules import Deploy, Signature
from serinus.registry.versions import newest, next_major, order

THEN, NOW = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
ADA = Signature("ada", NOW, "because")


def record(version: str, status: str = "active") -> Record:
    return Record(
        model_name="linear",
        version=version,
        digest="d" * 64,
        storage_path=f"linear/v{version}",
        metadata=Summary(
            framework="numpy",
            framework_version="2",
            exported_at=THEN,
            task="regression",
            features=3,
            parity_rows=64,
            parity_max_difference=0,
            parity_label_flips=0,
        ),
        files={"model.onnx": StoredFile(sha256="e" * 64, size=1)},
        status=status,
        created_at=THEN,
        updated_at=THEN,
    )


def model(*records: Record, stable: str | None = None) -> Model:
    return Model("linear", len(records), {record.version: record for record in records}, stable=stable)


def test_versions_are_ordered_by_their_numbers():
    assert sorted(["1.10.0", "1.9.0", "1.9.10", "0.20.3"], key=order) == ["0.20.3", "1.9.0", "1.9.10", "1.10.0"]
    assert newest(["1.9.0", "1.10.0"]) == "1.10.0"
    assert newest([]) is None
    assert next_major(["1.9.0", "3.0.1", "2.0.0"]) == "4.0.0"


def test_a_change_carries_the_next_revision_and_who_made_it_when_and_why():
    change = rules.registered(model(record("1.0.0")), record("1.1.0"), ADA)
    assert change is not None
    entry = change.entry
    assert (entry.revision, entry.by, entry.at, entry.notes) == (2, "ada", NOW, "because")


def test_neighbours_are_the_next_earlier_and_later_of_the_same_major():
    known = model(*map(record, ["0.9.0", "1.0.0", "1.2.0", "1.10.0", "1.11.0", "2.0.0"]))
    assert [near.version for near in rules.neighbours(known, "1.3.0")] == ["1.2.0", "1.10.0"]
    assert [near.version for near in rules.neighbours(known, "0.1.0")] == ["0.9.0"]
    assert rules.neighbours(known, "3.0.0") == []


@pytest.mark.parametrize("status", ["deprecated", "archived"])
def test_only_an_active_version_is_promoted(status):
    with pytest.raises(RegistryError, match=rf"linear 1\.0\.0 is {status}: promote an active version"):
        rules.promoted(model(record("1.0.0", status)), Deploy("1.0.0", "staging"), ADA)


def test_the_stable_version_is_neither_deprecated_nor_archived():
    known = model(record("1.0.0"), stable="1.0.0")
    with pytest.raises(RegistryError, match="is the stable version: promote another one first"):
        rules.deprecated(known, "1.0.0", ADA)
    with pytest.raises(RegistryError, match="is the stable version, which is never archived"):
        rules.archived(known, "1.0.0", ADA)


def test_an_archived_version_cannot_be_deprecated():
    with pytest.raises(RegistryError, match="is archived: restore it"):
        rules.deprecated(model(record("1.0.0", "archived")), "1.0.0", ADA)


def test_a_version_that_left_an_environment_may_be_archived():
    known = model(record("1.0.0"), record("1.1.0"))
    for version in ("1.0.0", "1.1.0"):
        change = rules.promoted(known, Deploy(version, "dev"), ADA)
        assert change is not None
        known = known.after(change)
    change = rules.archived(known, "1.0.0", ADA)
    assert change is not None
    assert known.after(change).record("1.0.0").status == "archived"
    with pytest.raises(RegistryError, match="runs in dev"):
        rules.archived(known, "1.1.0", ADA)


def test_what_was_promoted_before_and_is_so_still_changes_nothing():
    known = model(record("1.0.0"))
    change = rules.promoted(known, Deploy("1.0.0", "production"), ADA)
    assert change is not None
    assert rules.promoted(known.after(change), Deploy("1.0.0", "production"), ADA) is None


def test_the_mending_of_an_active_version_is_an_entry_of_its_own():
    known = model(record("1.0.0"))
    change = rules.restored(known, "1.0.0", ADA, mended=True)
    assert isinstance(change, Change)
    assert change.records == ()
    assert rules.restored(known, "1.0.0", ADA, mended=False) is None


def test_a_file_name_that_leads_elsewhere_is_no_file_of_a_version():
    with pytest.raises(ValueError, match="files"):
        Record.model_validate({**record("1.0.0").model_dump(), "files": {"../x": {"sha256": "e" * 64, "size": 1}}})
