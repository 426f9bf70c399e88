"""The store in S3: conditional uploads with checksums, and versions of objects to restore from."""

import base64
import hashlib
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from serinus.aws.objects import Watched
from serinus.aws.registry import bucket_shelf, create
from serinus.bundle import Bundle
from serinus.errors import RegistryError
from serinus.registry.register import register
from serinus.registry.restore import restore
from serinus.registry.shelf import Leftover, Parcel, Shelf
from serinus.registry.validation import validate
from tests.shelves import BUCKET, TABLE, URL, BucketPlace, Killed, die, made, once, signature


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return made(tmp_path)


def objects() -> dict[str, Any]:
    found = boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {item["Key"]: item["LastModified"] for item in found}


def versions_of(file: str) -> list[str]:
    found = boto3.client("s3").list_object_versions(Bucket=BUCKET, Prefix=f"team/models/linear/v1.0.0/{file}")
    return [version["VersionId"] for version in found["Versions"]]


def problems(shelf: Shelf) -> list[str]:
    model = shelf.ledger.model("linear")
    return validate(shelf, model, model.versions)


def test_files_lie_where_the_documents_say(shelf: Shelf, bundle: Bundle) -> None:
    record = register(shelf, bundle, signature()).record
    assert record.storage_path == f"s3://{BUCKET}/team/models/linear/v1.0.0"
    places = [f"v1.0.0/{name}" for name in ("SHA256SUMS", "golden.npz", "metadata.json", "model.onnx")]
    expected = [*(f"team/models/linear/{place}" for place in ("latest", *places)), "team/models/table"]
    assert sorted(objects()) == expected
    assert boto3.client("s3").get_object(Bucket=BUCKET, Key="team/models/linear/latest")["Body"].read() == b"v1.0.0\n"


def test_s3_itself_keeps_the_sha256_of_every_file(shelf: Shelf, bundle: Bundle) -> None:
    record = register(shelf, bundle, signature()).record
    for name, file in record.files.items():
        key = f"team/models/linear/v1.0.0/{name}"
        head = boto3.client("s3").head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
        assert base64.b64decode(head["ChecksumSHA256"]).hex() == file.sha256


def test_a_push_that_was_killed_does_not_send_again_what_is_there(
    place: BucketPlace, shelf: Shelf, bundle: Bundle
) -> None:
    with pytest.raises(Killed), place.at_write(7, die):
        register(shelf, bundle, signature())
    assert [key.rpartition("/")[2] for key in objects()] == ["metadata.json", "model.onnx", "table"]
    sent: list[int] = []
    register(shelf, bundle, signature(), sent.append)
    assert sum(sent) == Parcel.of(bundle).size
    assert [len(versions_of(file)) for file in bundle.files] == [1, 1, 1]


def test_what_a_killed_push_of_another_bundle_left_is_written_over(
    place: BucketPlace, shelf: Shelf, bundle: Bundle, tmp_path: Path
) -> None:
    with pytest.raises(Killed), place.at_write(5, die):
        register(shelf, made(tmp_path, seed=1), signature())
    record = register(shelf, bundle, signature()).record
    assert record.digest == bundle.digest
    assert problems(shelf) == []


def test_over_a_leftover_too_exactly_one_of_two_pushes_wins_and_is_whole(place: BucketPlace, tmp_path: Path) -> None:
    for number in count(1):
        name, fired, won = f"linear{number}", [], []
        left, ours, theirs = (made(tmp_path, seed=seed, name=name) for seed in (1, 2, 3))
        with pytest.raises(Killed), place.at_write(7, die):
            register(place.shelf(), left, signature())

        def push(bundle: Bundle, won: list[str] = won) -> None:
            try:
                won.append(register(place.shelf(), bundle, signature()).record.digest)
            except RegistryError:
                return

        def rival(theirs: Bundle = theirs, fired: list[bool] = fired, push: Any = push) -> None:
            fired.append(True)
            push(theirs)

        with place.at_write(number, once(rival)):
            push(ours)
        model = place.shelf().ledger.model(name)
        assert [model.record("1.0.0").digest] == won
        assert validate(place.shelf(), model, model.versions) == []
        if not fired:
            break
    assert number > 8


def test_the_same_bundle_pushed_twice_at_once_is_one_upload(place: BucketPlace, shelf: Shelf, bundle: Bundle) -> None:
    with place.at_write(1, once(lambda: register(place.shelf(), bundle, signature("grace")))):
        outcome = register(shelf, bundle, signature("ada"))
    assert not outcome.is_new
    assert [entry.by for entry in shelf.ledger.audit("linear")] == ["grace"]
    assert [len(versions_of(file)) for file in bundle.files] == [1, 1, 1]


def test_an_upload_that_was_overtaken_says_so(place: BucketPlace, shelf: Shelf, bundle: Bundle, tmp_path: Path) -> None:
    """Somebody puts another file there between our look and our write, twice."""
    key = "team/models/linear/v1.0.0/model.onnx"
    strike = once(lambda: boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"other"))
    with place.at_write(3, strike), pytest.raises(Leftover, match=r"somebody else is writing s3://.*push again"):
        shelf.store.receive(Parcel.of(bundle), lambda size: None, over_leftover=True)


def test_a_bucket_without_versions_is_refused(shelf: Shelf, bundle: Bundle) -> None:
    boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(RegistryError, match=f"bucket {BUCKET} keeps no versions .*serinus models init"):
        register(shelf, bundle, signature())
    assert objects() == {}


@pytest.mark.parametrize("damage", [b"x" * 500, None], ids=["written over", "deleted"])
def test_the_version_of_an_object_with_the_registered_digest_comes_back_from_the_bucket(
    place: BucketPlace, shelf: Shelf, bundle: Bundle, damage: bytes | None
) -> None:
    record = register(shelf, bundle, signature()).record
    [original] = versions_of("model.onnx")
    for _ in range(3):
        place.alter(record, "model.onnx", damage)
    restored = restore(shelf, "linear", "1.0.0", signature(), copy=None)
    assert dict(restored.mended) == {
        "model.onnx": f"version {original} of s3://{BUCKET}/team/models/linear/v1.0.0/model.onnx"
    }
    assert problems(shelf) == []
    assert len(versions_of("model.onnx")) >= 2  # nothing is ever taken away


def test_a_version_of_an_object_without_checksum_is_told_by_its_contents(
    place: BucketPlace, shelf: Shelf, bundle: Bundle
) -> None:
    """As after a move of the bucket with a tool that keeps no checksums."""
    record = register(shelf, bundle, signature()).record
    client = boto3.client("s3")
    for version in versions_of("model.onnx"):
        client.delete_object(Bucket=BUCKET, Key="team/models/linear/v1.0.0/model.onnx", VersionId=version)
    contents = (bundle.folder / "model.onnx").read_bytes()
    for damage in (contents, bytes(len(contents))):
        place.alter(record, "model.onnx", damage)
    assert list(restore(shelf, "linear", "1.0.0", signature(), copy=None).mended) == ["model.onnx"]
    assert problems(shelf) == []


def test_when_no_kept_version_has_the_digest_a_copy_is_asked_for(
    place: BucketPlace, shelf: Shelf, bundle: Bundle, tmp_path: Path
) -> None:
    record = register(shelf, bundle, signature()).record
    client = boto3.client("s3")
    for version in versions_of("golden.npz"):
        client.delete_object(Bucket=BUCKET, Key="team/models/linear/v1.0.0/golden.npz", VersionId=version)
    place.alter(record, "golden.npz", b"other")
    wanted = record.files["golden.npz"].sha256
    with pytest.raises(RegistryError, match=f"no version of .*npz that the bucket keeps has sha256 {wanted}"):
        restore(shelf, "linear", "1.0.0", signature(), copy=None)
    (tmp_path / "golden.npz").write_bytes(b"wrong")
    with pytest.raises(RegistryError, match=r"golden\.npz is not what was registered"):
        restore(shelf, "linear", "1.0.0", signature(), copy=tmp_path)
    restored = restore(shelf, "linear", "1.0.0", signature(), copy=bundle.folder)
    assert dict(restored.mended) == {"golden.npz": str(bundle.folder / "golden.npz")}
    assert problems(shelf) == []


def test_another_object_whose_key_begins_the_same_is_not_taken_for_a_version(
    place: BucketPlace, shelf: Shelf, bundle: Bundle
) -> None:
    register(shelf, bundle, signature())
    store: Any = shelf.store
    boto3.client("s3").put_object(Bucket=BUCKET, Key="team/models/linear/v1.0.0/model.onnx.bak", Body=b"x")
    assert len(list(store.bucket.versions("team/models/linear/v1.0.0/model.onnx"))) == 1


def test_a_file_that_shrank_is_found_by_a_pull_that_goes_on(place: BucketPlace, shelf: Shelf, bundle: Bundle) -> None:
    record = register(shelf, bundle, signature()).record
    place.alter(record, "model.onnx", b"short")
    assert b"".join(shelf.store.read(record, "model.onnx", 100)) == b""


def test_what_aws_refuses_is_said_with_what_was_tried(bundle: Bundle, place: BucketPlace) -> None:
    with pytest.raises(RegistryError, match=r"cannot read s3://nowhere-at-all/models/table: .*NoSuchBucket"):
        bucket_shelf("s3://nowhere-at-all", TABLE)
    with pytest.raises(RegistryError, match=r"cannot read table nowhere: .*ResourceNotFoundException"):
        bucket_shelf(f"s3://{BUCKET}", "nowhere").ledger.model("linear")


def test_a_registry_has_its_records_in_one_table(shelf: Shelf, bundle: Bundle, tmp_path: Path) -> None:
    """Who forgets to name it would see an empty registry, and write over files that the other table knows."""
    create(URL, "forgotten")
    early = bucket_shelf(URL, "forgotten")
    register(shelf, bundle, signature())
    refusal = f"the records of {URL}/ are in table {TABLE}, not forgotten: say --table {TABLE}"
    with pytest.raises(RegistryError, match=refusal):
        bucket_shelf(URL, "forgotten")
    with pytest.raises(RegistryError, match=refusal):
        register(early, made(tmp_path, seed=1), signature())
    assert problems(shelf) == []


def test_a_watched_file_counts_what_is_read_again_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1000)
    reported: list[int] = []
    with Watched(tmp_path / "file", reported.append) as file:
        assert hashlib.sha256(file.read(600)).digest() == hashlib.sha256(b"x" * 600).digest()
        file.seek(0)
        assert len(file.read()) == 1000
    assert sum(reported) == 1000
