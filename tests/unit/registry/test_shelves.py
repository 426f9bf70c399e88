"""What a registry does, the same on every shelf."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serinus.bundle import SUMS, Bundle
from serinus.errors import BundleError, RegistryError, SerinusError
from serinus.registry import rules
from serinus.registry.pull import pull
from serinus.registry.record import Change, Model
from serinus.registry.register import register, rehearse
from serinus.registry.restore import restore
from serinus.registry.rules import Deploy, Signature
from serinus.registry.shelf import Settled, Shelf
from serinus.registry.stages import archival, deprecation, promotion
from serinus.registry.validation import validate
from tests.shelves import Killed, Place, die, made, once, signature

PRODUCTION = Deploy("latest", "production")
FLIPPED = 5


def promote(shelf: Shelf, name: str, deploy: Deploy, signature: Signature) -> Settled:
    return shelf.settle(name, promotion(shelf, name, deploy, signature))


def deprecate(shelf: Shelf, name: str, version: str, signature: Signature) -> Settled:
    return shelf.settle(name, deprecation(shelf, name, version, signature))


def archive(shelf: Shelf, name: str, version: str, signature: Signature) -> Settled:
    return shelf.settle(name, archival(shelf, name, version, signature))


@pytest.fixture
def registered(shelf: Shelf, tmp_path: Path) -> Bundle:
    """linear 1.0.0, registered and promoted."""
    bundle = made(tmp_path)
    register(shelf, bundle, signature())
    promote(shelf, "linear", PRODUCTION, signature(minutes=1))
    return bundle


def problems(shelf: Shelf, name: str = "linear") -> list[str]:
    model = shelf.ledger.model(name)
    return validate(shelf, model, model.versions)


def seen(shelf: Shelf) -> dict[str, Any]:
    """Everything that anybody can learn of the registry."""
    return {name: seen_of(shelf, name) for name in shelf.ledger.names()}


def seen_of(shelf: Shelf, name: str) -> Any:
    return shelf.ledger.model(name), list(shelf.ledger.audit(name)), dict(shelf.store.pointers(name))


def flipped(file: Path) -> bytes:
    contents = bytearray(file.read_bytes())
    contents[FLIPPED] ^= 1
    return bytes(contents)


def test_an_empty_registry_has_no_models(shelf: Shelf) -> None:
    assert list(shelf.ledger.names()) == []
    with pytest.raises(RegistryError, match="no model 'linear' is registered"):
        shelf.ledger.model("linear").record("latest")


def test_a_registered_version_is_known_with_what_its_metadata_says(shelf: Shelf, tmp_path: Path) -> None:
    bundle = made(tmp_path)
    assert rehearse(shelf, bundle, signature()).is_new
    assert list(shelf.ledger.names()) == []
    outcome = register(shelf, bundle, signature(notes="first"))
    assert outcome.is_new
    record = shelf.ledger.model("linear").record("1.0.0")
    assert record == outcome.record
    assert (record.digest, record.status, record.created_at) == (bundle.digest, "active", signature().at)
    assert {name: file.sha256 for name, file in record.files.items()} == {**bundle.files, SUMS: bundle.digest}
    assert record.size == sum(file.stat().st_size for file in bundle.folder.iterdir())
    assert record.metadata.performance == bundle.metadata.performance
    assert record.metadata.labels == ("CONFIRMED", "CANDIDATE", "FALSE_POSITIVE")
    assert [(entry.by, entry.action, entry.notes) for entry in shelf.ledger.audit("linear")] == [
        ("ada", "register", "first")
    ]
    assert problems(shelf) == []


def test_the_same_bundle_again_is_there_already(shelf: Shelf, registered: Bundle) -> None:
    before = seen(shelf)
    assert not rehearse(shelf, registered, signature("grace")).is_new
    assert not register(shelf, registered, signature("grace")).is_new
    assert seen(shelf) == before


def test_another_bundle_of_the_same_version_is_refused(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    before = seen(shelf)
    other = made(tmp_path, seed=1)
    with pytest.raises(RegistryError, match=f"linear 1.0.0 is registered already, .*{registered.digest[:12]}") as error:
        register(shelf, other, signature())
    assert other.digest[:12] in str(error.value)
    assert seen(shelf) == before
    assert problems(shelf) == []


def test_another_schema_demands_a_new_major(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    weights = np.eye(4, 3, dtype=np.float32)
    before = seen(shelf)
    with pytest.raises(RegistryError, match=r"features: 3 -> 4; .*demands a new MAJOR version, 2\.0\.0"):
        register(shelf, made(tmp_path, "1.1.0", seed=1, weights=weights), signature())
    assert seen(shelf) == before
    assert register(shelf, made(tmp_path, "2.0.0", seed=1, weights=weights), signature()).is_new


def test_a_version_between_two_others_has_their_schema(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    weights = np.eye(4, 3, dtype=np.float32)
    register(shelf, made(tmp_path, "2.1.0", seed=1, weights=weights), signature())
    with pytest.raises(RegistryError, match=r"linear 2\.0\.0 has another schema than 2\.1\.0 \(features: 3 -> 4"):
        register(shelf, made(tmp_path, "2.0.0", seed=2), signature())
    assert register(shelf, made(tmp_path, "1.0.1", seed=2), signature()).is_new


def test_latest_is_the_newest_active_version_and_stable_what_was_promoted(
    shelf: Shelf, registered: Bundle, tmp_path: Path
) -> None:
    register(shelf, made(tmp_path, "1.10.0", seed=1), signature())
    register(shelf, made(tmp_path, "1.9.0", seed=2), signature())
    assert shelf.store.pointers("linear") == {"latest": "1.10.0", "stable": "1.0.0"}
    deprecate(shelf, "linear", "latest", signature())
    assert shelf.store.pointers("linear") == {"latest": "1.9.0", "stable": "1.0.0"}
    archive(shelf, "linear", "1.9.0", signature())
    assert shelf.store.pointers("linear") == {"latest": "1.0.0", "stable": "1.0.0"}
    assert shelf.ledger.model("linear").record("1.9.0").status == "archived"


def test_without_an_active_version_nothing_is_latest(shelf: Shelf, tmp_path: Path) -> None:
    register(shelf, made(tmp_path), signature())
    archive(shelf, "linear", "1.0.0", signature())
    assert shelf.store.pointers("linear") == {}
    assert problems(shelf) == []


def test_every_promotion_is_history(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    register(shelf, made(tmp_path, "1.1.0", seed=1), signature())
    promote(shelf, "linear", Deploy("latest", "staging"), signature(minutes=2))
    assert shelf.ledger.model("linear").stable == "1.0.0"
    promote(shelf, "linear", PRODUCTION, signature("grace", "better", minutes=3))
    promote(shelf, "linear", Deploy("1.0.0", "production"), signature("grace", "worse", minutes=4))
    history = shelf.ledger.model("linear").deployments
    assert [(row.environment, row.version, row.deployed_by, row.notes) for row in history] == [
        ("production", "1.0.0", "ada", ""),
        ("staging", "1.1.0", "ada", ""),
        ("production", "1.1.0", "grace", "better"),
        ("production", "1.0.0", "grace", "worse"),
    ]
    assert [row.rollback_at for row in history] == [None, None, signature(minutes=4).at, None]
    assert shelf.store.pointers("linear")["stable"] == "1.0.0"


def test_the_audit_log_has_every_change_in_order(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    register(shelf, made(tmp_path, "1.1.0", seed=1), signature("grace", minutes=2))
    deprecate(shelf, "linear", "1.1.0", signature("grace", "too slow", minutes=3))
    archive(shelf, "linear", "1.1.0", signature("grace", minutes=4))
    restore(shelf, "linear", "1.1.0", signature("ada", minutes=5), copy=None)
    log = shelf.ledger.audit("linear")
    assert [(entry.revision, entry.by, entry.action, entry.version, entry.notes) for entry in log] == [
        (1, "ada", "register", "1.0.0", ""),
        (2, "ada", "promote", "1.0.0", ""),
        (3, "grace", "register", "1.1.0", ""),
        (4, "grace", "deprecate", "1.1.0", "too slow"),
        (5, "grace", "archive", "1.1.0", ""),
        (6, "ada", "restore", "1.1.0", ""),
    ]
    assert shelf.ledger.model("linear").record("1.1.0").updated_at == signature(minutes=5).at


def test_what_is_so_already_is_not_done_again(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    register(shelf, made(tmp_path, "1.1.0", seed=1), signature())
    archive(shelf, "linear", "1.1.0", signature())
    before = seen(shelf)
    assert not promote(shelf, "linear", Deploy("1.0.0", "production"), signature()).is_changed
    assert not archive(shelf, "linear", "1.1.0", signature()).is_changed
    assert not restore(shelf, "linear", "1.0.0", signature(), copy=None).mended
    assert seen(shelf) == before


def test_a_rehearsal_says_what_would_be_and_writes_nothing(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    register(shelf, made(tmp_path, "1.1.0", seed=1), signature())
    before = seen(shelf)
    rehearsal = shelf.rehearse("linear", promotion(shelf, "linear", PRODUCTION, signature()))
    assert (rehearsal.is_changed, rehearsal.model.stable) == (True, "1.1.0")
    assert seen(shelf) == before


def test_a_version_that_runs_is_never_archived(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    register(shelf, made(tmp_path, "1.1.0", seed=1), signature())
    promote(shelf, "linear", Deploy("1.1.0", "staging"), signature())
    before = seen(shelf)
    with pytest.raises(RegistryError, match=r"linear 1\.0\.0 is the stable version, which is never archived"):
        archive(shelf, "linear", "stable", signature())
    with pytest.raises(RegistryError, match=r"linear 1\.1\.0 runs in staging"):
        archive(shelf, "linear", "1.1.0", signature())
    assert seen(shelf) == before


def test_a_damaged_version_is_not_promoted(place: Place, shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    bundle = made(tmp_path, "1.1.0", seed=1)
    record = register(shelf, bundle, signature()).record
    place.alter(record, "model.onnx", flipped(bundle.folder / "model.onnx"))
    with pytest.raises(RegistryError, match=r"model.onnx was altered: .*serinus models restore linear 1\.1\.0"):
        promote(shelf, "linear", PRODUCTION, signature())
    assert shelf.ledger.model("linear").stable == "1.0.0"


def test_a_model_that_is_unknown_or_lacks_the_version_is_named(shelf: Shelf, registered: Bundle) -> None:
    with pytest.raises(RegistryError, match=r"linear has no version '3.0.0'; there are latest, stable, 1\.0\.0"):
        archive(shelf, "linear", "3.0.0", signature())
    with pytest.raises(RegistryError, match="no model 'forest' is registered"):
        promote(shelf, "forest", PRODUCTION, signature())


def test_a_pulled_version_is_the_bundle_that_was_pushed(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    record = shelf.ledger.model("linear").record("stable")
    pulled = pull(shelf.store, record, tmp_path / "here")
    assert pulled.is_new
    assert pulled.bundle.folder == tmp_path / "here" / "linear" / "v1.0.0"
    assert pulled.bundle.digest == registered.digest
    assert [path.name for path in pulled.bundle.folder.parent.iterdir()] == ["v1.0.0"]
    assert not pull(shelf.store, record, tmp_path / "here").is_new


def test_a_pull_goes_on_where_it_stopped(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    record = shelf.ledger.model("linear").record("stable")
    there: list[int] = []
    for file in record.files:
        with pytest.raises(Killed):
            pull(shelf.store, record, tmp_path / "here", _dying_after(record.files[file].size // 2, there))
        assert not (tmp_path / "here" / "linear" / "v1.0.0").exists()
    got: list[int] = []
    assert pull(shelf.store, record, tmp_path / "here", got.append).bundle.digest == registered.digest
    assert sum(got) == record.size


def _dying_after(size: int, there: list[int]) -> Callable[[int], None]:
    def report(more: int) -> None:
        there.append(more)
        if sum(there) > size:
            raise Killed

    return report


def test_garbage_of_an_earlier_pull_is_not_built_upon(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    record = shelf.ledger.model("linear").record("stable")
    scratch = tmp_path / "here" / "linear" / f".pulling-v1.0.0-{record.digest[:12]}"
    scratch.mkdir(parents=True)
    (scratch / "model.onnx").write_bytes(b"garbage")
    (scratch / "golden.npz").write_bytes(b"x" * (record.files["golden.npz"].size + 10))
    assert pull(shelf.store, record, tmp_path / "here").bundle.digest == registered.digest


def test_a_bundle_of_the_same_version_here_is_not_pulled_over(shelf: Shelf, registered: Bundle, tmp_path: Path) -> None:
    other = made(tmp_path, seed=1)
    record = shelf.ledger.model("linear").record("stable")
    with pytest.raises(RegistryError, match="holds another bundle than the registry"):
        pull(shelf.store, record, other.folder.parents[1])
    assert Bundle.load(other.folder).digest == other.digest


def test_an_archived_version_is_not_pulled_until_it_is_restored(shelf: Shelf, tmp_path: Path) -> None:
    register(shelf, made(tmp_path), signature())
    archive(shelf, "linear", "1.0.0", signature())
    with pytest.raises(RegistryError, match=r"linear 1\.0\.0 is archived\. .*models restore linear 1\.0\.0"):
        pull(shelf.store, shelf.ledger.model("linear").record("1.0.0"), tmp_path / "here")
    restored = restore(shelf, "linear", "1.0.0", signature(), copy=None)
    assert (restored.before, restored.record.status, restored.mended) == ("archived", "active", {})
    assert pull(shelf.store, restored.record, tmp_path / "here").is_new


@pytest.mark.parametrize("file", ["model.onnx", "metadata.json", "golden.npz", SUMS])
def test_a_damaged_file_is_found_and_brought_back(
    place: Place, shelf: Shelf, registered: Bundle, tmp_path: Path, file: str
) -> None:
    record = shelf.ledger.model("linear").record("stable")
    original = (registered.folder / file).read_bytes()
    contents = {"flipped": flipped(registered.folder / file), "cut": original[:-1], "longer": original + b"\n"}
    for damage in (*contents, "gone"):
        place.alter(record, file, contents.get(damage))
        [problem] = problems(shelf)
        assert file in problem
        with pytest.raises(SerinusError, match=file):
            pull(shelf.store, record, tmp_path / damage)
        assert not (tmp_path / damage / "linear" / "v1.0.0").exists()
        restored = restore(shelf, "linear", "1.0.0", signature(), copy=registered.folder)
        assert list(restored.mended) == [file]
        assert problems(shelf) == []
        assert pull(shelf.store, record, tmp_path / damage).bundle.digest == registered.digest


def test_a_version_of_which_nothing_is_left_comes_back(
    place: Place, shelf: Shelf, registered: Bundle, tmp_path: Path
) -> None:
    record = shelf.ledger.model("linear").record("stable")
    for file in record.files:
        place.alter(record, file, None)
    assert len(problems(shelf)) == len(record.files)
    assert len(restore(shelf, "linear", "1.0.0", signature(), copy=registered.folder).mended) == len(record.files)
    assert problems(shelf) == []


def test_a_damaged_neighbour_stops_a_registration_with_the_way_out(
    place: Place, shelf: Shelf, registered: Bundle, tmp_path: Path
) -> None:
    record = shelf.ledger.model("linear").record("stable")
    place.alter(record, "metadata.json", flipped(registered.folder / "metadata.json"))
    with pytest.raises(RegistryError, match=r"metadata.json was altered.*models restore linear 1\.0\.0"):
        register(shelf, made(tmp_path, "1.1.0", seed=1), signature())


Operation = Callable[[Shelf, str, Path], object]


def _push(shelf: Shelf, name: str, folder: Path) -> object:
    return register(shelf, made(folder, "1.1.0", seed=3, name=name), signature())


def _promote(shelf: Shelf, name: str, folder: Path) -> object:
    return promote(shelf, name, Deploy("1.0.1", "production"), signature())


def _archive(shelf: Shelf, name: str, folder: Path) -> object:
    return archive(shelf, name, "1.0.1", signature())


@pytest.mark.no_cover  # so often the same lines, and moto's with them
@pytest.mark.parametrize("operate", [_push, _promote, _archive], ids=["push", "promote", "archive"])
def test_killed_at_any_write_the_registry_is_as_before_and_a_retry_completes(
    place: Place, tmp_path: Path, operate: Operation
) -> None:
    were_before = []
    for number in count(1):
        name = f"linear{number}"
        before = _two_versions(place.shelf(), name, tmp_path)
        made(tmp_path, "1.1.0", seed=3, name=name)
        try:
            with place.at_write(number, die):
                operate(place.shelf(), name, tmp_path)
        except Killed:
            were_before.append(seen_of(place.shelf(), name) == before)
            assert all("shows" in problem for problem in problems(place.shelf(), name))
            assert were_before[-1] or list(place.shelf().ledger.audit(name)) != before[1]
            operate(place.shelf(), name, tmp_path)
            assert problems(place.shelf(), name) == []
            assert len(place.shelf().ledger.audit(name)) == len(before[1]) + 1
            continue
        break
    assert len(were_before) >= 3
    assert were_before == sorted(were_before, reverse=True)
    assert were_before[0]


def _two_versions(shelf: Shelf, name: str, folder: Path) -> Any:
    register(shelf, made(folder, name=name), signature())
    promote(shelf, name, PRODUCTION, signature())
    register(shelf, made(folder, "1.0.1", seed=1, name=name), signature())
    return seen_of(shelf, name)


def test_one_version_registered_twice_at_once_is_registered_once(place: Place, tmp_path: Path) -> None:
    """At every write of one push, another one comes between from beginning to end."""
    for number in count(1):
        name, fired = f"linear{number}", []
        ours, theirs = (made(tmp_path, seed=seed, name=name) for seed in (1, 2))
        won: list[str] = []

        def rival(theirs: Bundle = theirs, won: list[str] = won, fired: list[bool] = fired) -> None:
            fired.append(True)
            won.extend(_tried(place.shelf(), theirs))

        with place.at_write(number, once(rival)):
            won.extend(_tried(place.shelf(), ours))
        assert len(won) == 1
        assert place.shelf().ledger.model(name).record("1.0.0").digest == won[0]
        assert problems(place.shelf(), name) == []
        assert len(place.shelf().ledger.audit(name)) == 1
        if not fired:
            break
    assert number > 4


def test_two_versions_registered_at_once_are_both_there_and_latest_is_the_newer(place: Place, tmp_path: Path) -> None:
    for number in count(1):
        name, fired = f"linear{number}", []
        older, newer = made(tmp_path, name=name), made(tmp_path, "1.1.0", seed=1, name=name)

        def other(newer: Bundle = newer, fired: list[bool] = fired) -> None:
            fired.append(True)
            register(place.shelf(), newer, signature("grace"))

        with place.at_write(number, once(other)):
            register(place.shelf(), older, signature("ada"))
        assert fired == [] or sorted(place.shelf().ledger.model(name).records) == ["1.0.0", "1.1.0"]
        assert problems(place.shelf(), name) == []
        if not fired:
            break
    assert number > 4


def test_a_model_that_others_change_all_the_time_is_given_up_with_a_word(place: Place, tmp_path: Path) -> None:
    shelf = place.shelf()
    register(shelf, made(tmp_path), signature())

    def decide(model: Model) -> Change | None:
        theirs = rules.restored(model, "1.0.0", signature("grace"), mended=True)
        assert theirs is not None
        shelf.ledger.commit(theirs)
        return rules.promoted(model, Deploy("1.0.0", "production"), signature())

    with pytest.raises(RegistryError, match="linear was changed by others 20 times in a row: try again"):
        shelf.settle("linear", decide)
    assert shelf.ledger.model("linear").stable is None


def _tried(shelf: Shelf, bundle: Bundle) -> list[str]:
    try:
        return [register(shelf, bundle, signature()).record.digest]
    except (RegistryError, BundleError):
        return []
