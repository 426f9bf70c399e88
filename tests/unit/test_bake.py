"""Build contexts: the same input makes the same bytes, and nothing that does not fit is baked."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from serinus import service as services
from serinus.baking import context
from serinus.baking.bake import bake, gather
from serinus.baking.extras import extras
from serinus.baking.locked import Lock, Platform, requirements
from serinus.baking.revision import revision
from serinus.errors import BundleError, ServiceError
from tests.bundles import write_bundle, write_service

ROOT = Path(__file__).parents[2]


def tree(folder: Path) -> dict[str, tuple[int, float, bytes]]:
    """Every file with its mode, time and contents."""
    files = (path for path in folder.rglob("*") if path.is_file())
    stats = {path: path.stat() for path in files}
    return {
        str(path.relative_to(folder)): (stat.st_mode & 0o777, stat.st_mtime, path.read_bytes())
        for path, stat in stats.items()
    }


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return write_service(tmp_path_factory.mktemp("bake") / "tiny", "linear", "bent")


@pytest.fixture(scope="module")
def ingredients(file):
    return gather(ROOT, file, file.parent / "models")


@pytest.fixture(scope="module")
def online(ingredients, tmp_path_factory) -> Path:
    return bake(ingredients, tmp_path_factory.mktemp("build"))[0].folder


def test_the_same_input_makes_the_same_bytes(ingredients, online, tmp_path):
    umask = os.umask(0o077)
    try:
        again = bake(ingredients, tmp_path)
    finally:
        os.umask(umask)
    assert tree(again[0].folder) == tree(online)
    assert [one.digest for one in again] == [one.digest for one in bake(ingredients, tmp_path)]
    assert {mode for mode, _, _ in tree(online).values()} == {0o644}


def test_what_an_image_serves_lies_where_the_function_looks(online):
    names = set(tree(online / "app"))
    assert {
        "service.toml",
        "models/linear/v1.0.0/SHA256SUMS",
        "serinus/seal.py",
        "functions/predict/handler.py",
    } <= names
    assert not [name for name in names if name.startswith(("serinus/cli", "serinus/baking", "export", "tests"))]
    assert not [name for name in names if "__pycache__" in name]


def test_what_lay_there_before_is_gone(ingredients, tmp_path):
    stray = tmp_path / "tiny/online/app/functions/stray.py"
    stray.parent.mkdir(parents=True)
    stray.write_text("left over")
    bake(ingredients, tmp_path)
    assert not stray.exists()


def test_another_model_makes_another_image(file, ingredients, tmp_path):
    digests = [one.digest for one in bake(ingredients, tmp_path / "first")]
    other = write_service(tmp_path / "tiny", "linear", "bent", nan_policy="allow")
    changed = bake(gather(ROOT, other, other.parent / "models"), tmp_path / "second")
    assert not {*digests} & {one.digest for one in changed}


def test_wheels_are_used_and_are_no_part_of_the_digest(ingredients, tmp_path):
    [online, _] = bake(ingredients, tmp_path)
    house = tmp_path / "wheels"
    house.mkdir()
    (house / "some-1-py3-none-any.whl").write_bytes(b"wheel")
    context.put_wheels(online.folder, house)
    assert (online.folder / "wheelhouse/some-1-py3-none-any.whl").read_bytes() == b"wheel"
    assert bake(ingredients, tmp_path)[0].digest == online.digest


@pytest.mark.parametrize(("place", "how"), [("services", "services.tiny.train"), ("other", "serinus export")])
def test_a_missing_bundle_is_named_with_how_to_make_it(tmp_path, place, how):
    file = write_service(tmp_path / place / "tiny", "linear")
    if place == "services":
        (file.parent / "train.py").touch()
    with pytest.raises(BundleError, match=f"no bundle of linear in .*{how}"):
        gather(ROOT, file, tmp_path / "nothing")


def test_an_altered_bundle_is_refused(tmp_path):
    file = write_service(tmp_path / "tiny", "linear")
    golden = file.parent / "models/linear/v1.0.0/golden.npz"
    golden.write_bytes(golden.read_bytes()[:-1])
    with pytest.raises(BundleError, match=r"golden.npz was altered"):
        gather(ROOT, file, file.parent / "models")


def test_a_bundle_of_another_width_is_refused(tmp_path):
    file = write_service(tmp_path / "tiny", "linear", features=4)
    (file.parent / "models/linear/v1.0.0").rename(tmp_path / "wide")
    write_bundle(file.parent / "models", "linear")
    with pytest.raises(ServiceError, match="expects features 4, model linear has 3"):
        gather(ROOT, file, file.parent / "models")


@pytest.mark.parametrize(
    ("address", "store", "expected"),
    [
        ("redis://127.0.0.1:6379/0", "redis", {"dynamodb"}),
        ("redis://localhost/0", "redis", {"dynamodb"}),
        ("rediss://cache.example.org:6379/0", "redis", {"redis"}),
        ("", "redis", {"dynamodb"}),
        ("demo/features", "parquet", {"dynamodb"}),
        ("s3://bucket/features", "parquet", {"features", "bulk", "aws"}),
        ("https://feast.example.org/?view=plots", "feast", {"feast"}),
        ("dynamodb://table", "dynamodb", {"dynamodb"}),
    ],
)
def test_an_image_holds_what_its_store_on_aws_needs(address, store, expected):
    nuru = services.load(ROOT / "services/nuru/service.toml")
    assert nuru.features is not None
    asked = nuru.model_copy(update={"features": nuru.features.model_copy(update={"address": address, "store": store})})
    assert extras(asked) == expected


def test_a_service_about_people_can_read_its_secret_on_aws():
    assert "aws" in extras(services.load(ROOT / "services/iit/service.toml"))


WHEELS = {
    "pure": "py3-none-any",
    "native": "cp313-cp313-manylinux_2_28_x86_64",
    "arm": "cp313-cp313-manylinux_2_28_aarch64",
}


def package(name: str, *needs: dict, wheels=("pure",), version="1.0", **more) -> dict:
    listed = [{"url": f"x://y/{name}-{version}-{WHEELS[kind]}.whl", "hash": f"sha256:{name}{kind}"} for kind in wheels]
    return {"name": name, "version": version, "dependencies": list(needs), "wheels": listed, **more}


def test_pins_are_what_the_platform_needs_with_its_wheels_only():
    packages = [
        {
            "name": "serinus",
            "version": "0",
            "dependencies": [{"name": "a"}, {"name": "old", "marker": "python_full_version < '3.12'"}],
            "optional-dependencies": {"online": [{"name": "b", "extra": ["fast"]}, {"name": "c", "version": "2.0"}]},
        },
        package("a", {"name": "b"}, wheels=("native", "arm")),
        package("b", **{"optional-dependencies": {"fast": [{"name": "a"}]}}),
        package("c", version="1.0"),
        package("c", {"name": "win", "marker": "sys_platform == 'win32'"}, version="2.0"),
    ]
    pins = Lock(packages, Platform("x86_64")).pins(["online"])
    assert [(pin.name, pin.version, pin.digests, pin.needs) for pin in pins] == [
        ("a", "1.0", ("sha256:anative",), ("b",)),
        ("b", "1.0", ("sha256:bpure",), ()),
        ("c", "2.0", ("sha256:cpure",), ()),
    ]
    assert Lock(packages, Platform("arm64")).pins([])[0].digests == ("sha256:aarm",)
    assert [pin.name for pin in Lock(packages, Platform("x86_64")).pins(["online"], without=["a", "b"])] == ["c"]


def test_a_package_without_a_wheel_for_the_platform_is_refused():
    root = {"name": "serinus", "version": "0", "dependencies": [{"name": "a"}]}
    with pytest.raises(ServiceError, match=r"^a 1\.0 has no wheel for Python 3\.13 on aarch64 Linux$"):
        Lock([root, package("a", wheels=("native",))], Platform("arm64")).pins([])


def test_requirements_name_digests_and_no_address(online):
    text = (online / "requirements.txt").read_text()
    assert "onnxruntime==1.31.1 \\\n    --hash=sha256:" in text
    assert "://" not in text
    assert not [name for name in ("boto3", "pyarrow", "uvicorn") if f"{name}==" in text]


def test_the_bill_lists_packages_and_models(online, ingredients):
    bill = json.loads((online / "sbom/online.cdx.json").read_text())
    pinned = {
        line.partition("==")[0] for line in (online / "requirements.txt").read_text().splitlines() if "==" in line
    }
    assert {one["name"] for one in bill["components"] if one["type"] == "library"} == pinned
    models = {one["name"]: one for one in bill["components"] if one["type"] == "machine-learning-model"}
    for name, bundle in ingredients.bundles.items():
        assert models[name]["hashes"] == [{"alg": "SHA-256", "content": bundle.files["model.onnx"]}]


def test_labels_stand_in_each_target(online, ingredients):
    text = (online / "Dockerfile").read_text()
    digest = ingredients.bundles["bent"].digest
    assert text.count(f'LABEL serinus.bundle.bent="1.0.0 sha256:{digest}"') == 2


@pytest.fixture
def checkout(tmp_path) -> Path:
    for name in ("baked.py", "docs.md"):
        (tmp_path / name).write_text("first")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(root: Path, *arguments: str) -> str:
    named = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
    return subprocess.run(
        ["git", *named, *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(root: Path) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "change")
    return git(root, "rev-parse", "HEAD")


def test_a_commit_of_docs_is_no_new_revision(checkout):
    before = revision(checkout, [checkout / "baked.py"])
    (checkout / "docs.md").write_text("second")
    commit(checkout)
    assert revision(checkout, [checkout / "baked.py"]) == before
    (checkout / "baked.py").write_text("second")
    assert revision(checkout, [checkout / "baked.py"]) == f"{before}-dirty"
    assert (
        revision(checkout, [checkout / "baked.py"]) != commit(checkout) == revision(checkout, [checkout / "baked.py"])
    )


def test_a_folder_without_a_history_has_no_revision(tmp_path):
    (tmp_path / "baked.py").touch()
    assert revision(tmp_path, [tmp_path / "baked.py"]) == "unknown"


def test_requirements_are_in_one_order():
    pins = Lock(
        [
            {"name": "serinus", "version": "0", "dependencies": [{"name": "b"}, {"name": "a"}]},
            package("b"),
            package("a"),
        ],
        Platform("x86_64"),
    ).pins([])
    assert requirements(pins).split()[0] == "a==1.0"
