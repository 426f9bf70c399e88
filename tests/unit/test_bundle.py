"""Bundles on disk: whole, untouched, or not loaded at all."""

import json
from pathlib import Path

import numpy as np
import pytest

from serinus import bundle as bundles
from serinus.bundle import FILES, REFERENCE, SUMS, Bundle
from serinus.errors import BundleError
from serinus.metadata import BackgroundSummary
from tests.bundles import resigned, with_reference, write_bundle

BACKGROUND = BackgroundSummary(rows=2, of=64, method="by hand", arrays=("background_rows",))


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_bundle(tmp_path).folder


def test_a_bundle_that_nobody_touched_loads(folder):
    bundle = Bundle.load(folder)
    assert bundle.metadata.model_name == "linear"
    assert bundle.model == (folder / "model.onnx").read_bytes()
    assert bundle.digest == bundles.digest((folder / SUMS).read_bytes())
    assert bundle.golden == folder / "golden.npz"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda contents: contents[:-1], id="truncated"),
        pytest.param(lambda contents: b"", id="emptied"),
        pytest.param(lambda contents: contents + b"\n", id="longer"),
        pytest.param(lambda contents: contents[:40] + bytes([contents[40] ^ 1]) + contents[41:], id="one bit"),
    ],
)
def test_an_altered_file_is_named_with_both_digests(folder, name, alter):
    before = (folder / name).read_bytes()
    (folder / name).write_bytes(alter(before))
    with pytest.raises(BundleError) as refusal:
        Bundle.load(folder)
    message = str(refusal.value)
    assert message.startswith(f"{folder / name} was altered")
    assert bundles.digest(before) in message
    assert bundles.digest(alter(before)) in message


@pytest.mark.parametrize("name", [*FILES, SUMS])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"{folder} is not a bundle: cannot read {name} "):
        Bundle.load(folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(BundleError, match=f"{tmp_path / 'gone'} is not a bundle"):
        Bundle.load(tmp_path / "gone")


@pytest.mark.parametrize(
    "sums",
    [
        pytest.param("", id="empty"),
        pytest.param(f"{'0' * 64}  model.onnx\n", id="files missing"),
        pytest.param("".join(f"{'0' * 64}  {name}\n" for name in (*FILES, "more")), id="a file too many"),
        pytest.param("".join(f"{'0' * 64}  {name}\n" for name in (*FILES, FILES[0])), id="a file twice"),
        pytest.param("".join(f"{'0' * 64}  {name} x\n" for name in FILES), id="another format"),
        pytest.param("\x00\xff", id="no text"),
    ],
)
def test_sums_that_do_not_list_the_files_of_a_bundle_are_refused(folder, sums):
    (folder / SUMS).write_text(sums, encoding="latin-1")
    with pytest.raises(BundleError, match=r"SHA256SUMS must list exactly model\.onnx, metadata\.json, golden\.npz"):
        Bundle.load(folder)


def test_a_model_replaced_together_with_its_sum_still_differs_from_the_metadata(folder):
    proven = bundles.digest((folder / "model.onnx").read_bytes())
    resigned(folder, "model.onnx", b"another model")
    with pytest.raises(BundleError) as refusal:
        Bundle.load(folder)
    assert str(refusal.value).startswith(f"{folder / 'model.onnx'} was altered")
    assert proven in str(refusal.value)
    assert bundles.digest(b"another model") in str(refusal.value)


def test_a_bundle_made_anew_has_another_digest(folder):
    before = Bundle.load(folder).digest
    metadata = (folder / "metadata.json").read_bytes()
    resigned(folder, "metadata.json", metadata.replace(b"1.0.0", b"1.0.1", 1))
    assert Bundle.load(folder).digest != before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"model_name": "Linear!"}, "model_name: ", id="name"),
        pytest.param({"version": "1"}, "version: ", id="version"),
        pytest.param({"created_at": "2026-01-01T00:00:00"}, "created_at: ", id="time without zone"),
        pytest.param({"nan_policy": "ignore"}, "nan_policy: ", id="nan policy"),
        pytest.param({"checksum": {"algorithm": "md5", "value": "0" * 64}}, "checksum.algorithm: ", id="algorithm"),
        pytest.param({"surprise": 1}, "surprise: Extra inputs are not permitted, got 1", id="unknown member"),
        pytest.param({"output_schema": {"task": "ranking"}}, "output_schema: ", id="task"),
    ],
)
def test_metadata_of_another_shape_is_refused_by_name(folder, change, message):
    metadata = json.loads((folder / "metadata.json").read_bytes()) | change
    resigned(folder, "metadata.json", json.dumps(metadata).encode())
    with pytest.raises(BundleError) as refusal:
        Bundle.load(folder)
    assert str(refusal.value).startswith(f"{folder / 'metadata.json'}: {message}")


def test_metadata_that_is_no_json_is_refused(folder):
    resigned(folder, "metadata.json", b"model_name: linear")
    with pytest.raises(BundleError, match=r"metadata\.json: .*Invalid JSON"):
        Bundle.load(folder)


@pytest.fixture
def contents(folder) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def test_a_written_bundle_can_be_read(tmp_path, contents):
    bundles.write(tmp_path / "new" / "v1.0.0", contents)
    assert Bundle.load(tmp_path / "new" / "v1.0.0").model == contents["model.onnx"]


def test_a_bundle_is_never_written_over(folder, contents):
    before = (folder / SUMS).read_bytes()
    with pytest.raises(BundleError, match=f"{folder} exists, and a bundle is immutable"):
        bundles.write(folder, {**contents, "model.onnx": b"other"})
    assert (folder / SUMS).read_bytes() == before


def test_a_bundle_is_replaced_when_that_is_asked_for(folder, contents):
    bundles.write(folder, {**contents, "golden.npz": b"other"}, replace=True)
    assert (folder / "golden.npz").read_bytes() == b"other"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_writing_that_is_interrupted_leaves_nothing_to_see(tmp_path, contents):
    class Interrupted(dict[str, bytes]):
        def __getitem__(self, name: str) -> bytes:
            if name == "golden.npz":
                raise KeyboardInterrupt
            return super().__getitem__(name)

    with pytest.raises(KeyboardInterrupt):
        bundles.write(tmp_path / "new" / "v1.0.0", Interrupted(contents))
    assert list((tmp_path / "new").iterdir()) == []


def test_replacing_that_is_interrupted_keeps_the_old_bundle(folder, contents):
    with pytest.raises(KeyError):
        bundles.write(folder, {"model.onnx": b"other"}, replace=True)
    assert Bundle.load(folder).model == contents["model.onnx"]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.fixture
def remembering(folder) -> Bundle:
    """A bundle with the fourth file."""
    return with_reference(Bundle.load(folder), {"background_rows": np.zeros((2, 3))}, background=BACKGROUND)


def test_a_bundle_lists_the_files_it_has_with_their_digests(folder):
    without = Bundle.load(folder)
    assert without.files == {name: bundles.digest((folder / name).read_bytes()) for name in FILES}
    with_it = with_reference(without, {"background_rows": np.zeros((2, 3))}, background=BACKGROUND)
    assert with_it.files == {name: bundles.digest((folder / name).read_bytes()) for name in (*FILES, REFERENCE)}


@pytest.mark.parametrize("alter", [lambda contents: contents[:-1], lambda contents: b""], ids=["truncated", "emptied"])
def test_an_altered_reference_is_named_too(remembering, alter):
    file = remembering.folder / REFERENCE
    file.write_bytes(alter(file.read_bytes()))
    with pytest.raises(BundleError, match=r"reference\.npz was altered: expected sha256"):
        Bundle.load(remembering.folder)


def test_a_listed_reference_that_is_gone_is_named(remembering):
    (remembering.folder / REFERENCE).unlink()
    with pytest.raises(BundleError, match=r"cannot read reference\.npz"):
        Bundle.load(remembering.folder)


def test_a_reference_that_nothing_vouches_for_is_refused(folder):
    (folder / REFERENCE).write_bytes(b"anything")
    with pytest.raises(BundleError, match=r"reference\.npz is not listed in SHA256SUMS"):
        Bundle.load(folder)


def test_a_listed_reference_the_metadata_does_not_tell_of_is_refused(folder):
    resigned(folder, REFERENCE, b"anything")
    with pytest.raises(BundleError, match=r"metadata\.json tells of arrays in reference\.npz: none; SHA256SUMS lists"):
        Bundle.load(folder)


def test_a_reference_taken_out_of_a_bundle_is_missed_whatever_the_sums_say(remembering):
    lines = (remembering.folder / SUMS).read_text().splitlines(keepends=True)
    (remembering.folder / SUMS).write_text("".join(line for line in lines if REFERENCE not in line))
    (remembering.folder / REFERENCE).unlink()
    with pytest.raises(BundleError, match=r"tells of arrays in reference\.npz: background_rows; SHA256SUMS has no"):
        Bundle.load(remembering.folder)


def test_loading_a_bundle_does_not_parse_its_reference(remembering):
    """Serving must not pay for what drift and explanations read: any bytes do, as long as the digest is theirs."""
    resigned(remembering.folder, REFERENCE, b"no npz at all")
    assert Bundle.load(remembering.folder).metadata.background == BACKGROUND
