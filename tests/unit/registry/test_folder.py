"""A registry that is a folder: what is only true of folders, and real processes at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from serinus.bundle import digest
from serinus.errors import RegistryError
from serinus.registry.folder_ledger import FolderLedger
from serinus.registry.folder_store import folder_shelf, unregistered
from serinus.registry.pull import pull
from serinus.registry.record import Change
from serinus.registry.register import register
from serinus.registry.restore import restore
from serinus.registry.rules import Deploy
from serinus.registry.shelf import Conflict, Shelf
from serinus.registry.stages import promotion
from serinus.registry.validation import validate
from tests.shelves import made, signature

RACE = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from serinus.bundle import Bundle
from serinus.errors import SerinusError
from serinus.registry.folder_store import folder_shelf
from serinus.registry.register import register
from serinus.registry.rules import Signature
shelf, bundle = folder_shelf(Path(sys.argv[1])), Bundle.load(Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
try:
    register(shelf, bundle, Signature(sys.argv[3], datetime.now(UTC)))
    print("won")
except SerinusError as error:
    print("lost:", error)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def shelf(root: Path) -> Shelf:
    return folder_shelf(root)


def test_of_processes_that_register_one_version_at_once_exactly_one_wins(root: Path, tmp_path: Path) -> None:
    bundles = [made(tmp_path, seed=seed) for seed in range(4)]
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(root), str(bundle.folder), f"racer{place}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for place, bundle in enumerate(bundles)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    said = [racer.communicate("go\n")[0] for racer in racers if racer.stdin is not None]
    assert [line for line in said if line == "won\n"] == ["won\n"], said
    shelf = folder_shelf(root)
    model = shelf.ledger.model("linear")
    winner = said.index("won\n")
    assert model.record("1.0.0").digest == bundles[winner].digest
    assert [entry.by for entry in shelf.ledger.audit("linear")] == [f"racer{winner}"]
    assert pull(shelf.store, model.record("1.0.0"), tmp_path / "here").is_new


def test_the_links_are_relative_so_that_the_folder_can_move(shelf: Shelf, root: Path, tmp_path: Path) -> None:
    register(shelf, made(tmp_path), signature())
    shelf.settle("linear", promotion(shelf, "linear", Deploy("latest", "production"), signature()))
    root.rename(tmp_path / "elsewhere")
    for link in ("latest", "stable"):
        assert (tmp_path / "elsewhere/linear" / link).readlink() == Path("v1.0.0")


def test_something_of_a_links_name_is_not_removed(shelf: Shelf, root: Path, tmp_path: Path) -> None:
    (root / "linear" / "latest").mkdir(parents=True)
    with pytest.raises(RegistryError, match="latest is in the way of the link of that name"):
        register(shelf, made(tmp_path), signature())


def test_a_bundle_that_an_export_put_there_is_not_pushed_over(shelf: Shelf, root: Path, tmp_path: Path) -> None:
    exported = made(tmp_path, seed=1)
    exported.folder.parents[1].rename(root)
    with pytest.raises(RegistryError, match=r"holds another bundle, of digest .*: register that one, remove it"):
        register(shelf, made(tmp_path), signature())
    assert unregistered(root) == [root / "linear" / "v1.0.0"]


def test_bundles_without_a_record_are_found(shelf: Shelf, root: Path, tmp_path: Path) -> None:
    register(shelf, made(tmp_path), signature())
    assert unregistered(root) == []
    assert unregistered(tmp_path / "made-0") == [tmp_path / "made-0" / "linear" / "v1.0.0"]
    assert unregistered(tmp_path / "nowhere") == []


def test_a_change_is_written_once(shelf: Shelf, root: Path, tmp_path: Path) -> None:
    record = register(shelf, made(tmp_path), signature()).record
    [file] = sorted((root / "linear" / "registry").iterdir())
    before = file.read_bytes()
    change = Change.model_validate_json(before)
    with pytest.raises(Conflict):
        FolderLedger(root).commit(change)
    assert file.read_bytes() == before
    assert change.records == (record,)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda file: file.unlink(), "change 1 of linear is missing", id="first removed"),
        pytest.param(lambda file: file.write_text("{}"), "000001.json was altered", id="emptied"),
        pytest.param(
            lambda file: file.write_text(file.read_text().replace('"linear"', '"forest"')),
            "change 1 of linear is missing or not its own",
            id="of another model",
        ),
    ],
)
def test_an_altered_history_is_noticed(shelf: Shelf, root: Path, tmp_path: Path, damage, message) -> None:
    register(shelf, made(tmp_path), signature())
    register(shelf, made(tmp_path, "1.1.0", seed=1), signature())
    damage(root / "linear" / "registry" / "000001.json")
    with pytest.raises(RegistryError, match=message):
        shelf.ledger.model("linear")


def test_a_record_that_was_edited_to_fit_an_altered_file_contradicts_itself(
    shelf: Shelf, root: Path, tmp_path: Path
) -> None:
    record = register(shelf, made(tmp_path), signature()).record
    (root / "linear" / "v1.0.0" / "model.onnx").write_bytes(b"forged")
    file = root / "linear" / "registry" / "000001.json"
    forged = json.loads(file.read_bytes())
    forged["records"][0]["files"]["model.onnx"] = {"sha256": digest(b"forged"), "size": 6}
    file.write_text(json.dumps(forged))
    model = shelf.ledger.model("linear")
    assert validate(shelf, model, model.versions) == [f"the record of {record} names other files than its SHA256SUMS"]
    forged["records"][0]["digest"] = "0" * 64
    file.write_text(json.dumps(forged))
    model = shelf.ledger.model("linear")
    [problem] = validate(shelf, model, model.versions)
    assert problem.startswith(f"the record of {record} contradicts itself")


def test_without_a_copy_a_folder_says_what_it_cannot_do(shelf: Shelf, root: Path, tmp_path: Path) -> None:
    register(shelf, made(tmp_path), signature())
    (root / "linear" / "v1.0.0" / "golden.npz").write_bytes(b"other")
    with pytest.raises(RegistryError, match=r"keeps no earlier versions of its files: name a copy .* with --from"):
        restore(shelf, "linear", "1.0.0", signature(), copy=None)
    with pytest.raises(RegistryError, match=r"golden\.npz is not what was registered"):
        restore(shelf, "linear", "1.0.0", signature(), copy=made(tmp_path, "1.1.0", seed=1).folder.parent)


def test_a_file_where_the_folder_should_be_is_said(shelf: Shelf, root: Path, tmp_path: Path) -> None:
    root.write_text("")
    with pytest.raises(RegistryError, match=r"cannot write .*Not a directory"):
        register(shelf, made(tmp_path), signature())


def test_two_pulls_into_one_folder_do_not_mix(shelf: Shelf, root: Path, tmp_path: Path) -> None:
    record = register(shelf, made(tmp_path), signature()).record

    def rival(size: int) -> None:
        with pytest.raises(RegistryError, match="another process is pulling into"):
            pull(shelf.store, record, tmp_path / "here")

    assert pull(shelf.store, record, tmp_path / "here", rival).is_new
