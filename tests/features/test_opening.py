"""What service.toml and the environment say becomes a store."""

import subprocess
import sys
from pathlib import Path

import pytest

from serinus import service as services
from serinus.aws.table_features import TableFeatures
from serinus.errors import ServiceError
from serinus.features.feast_store import FeastStore
from serinus.features.parquet_store import ParquetStore
from serinus.features.redis_store import RedisStore
from serinus.features.store import Stored
from serinus.stored import features_of
from serinus.stores import open_lookup, open_store, prepare
from tests.features.labs import aws_line
from tests.features.plots import PLOTS, plots_service

FEAST = "http://127.0.0.1:6566"


def service(folder: Path, store="redis", address="", **more):
    return services.load(plots_service(folder, store=store, address=address, **more))


@pytest.mark.parametrize(
    ("store", "address", "kind"),
    [
        ("redis", "redis://127.0.0.1:1/0", RedisStore),
        ("dynamodb", "features", TableFeatures),
        ("dynamodb", "dynamodb://features", TableFeatures),
        ("parquet", "features", ParquetStore),
        ("parquet", "s3://nuru-yield/features", ParquetStore),
        ("feast", f"{FEAST}/?view=plots", FeastStore),
    ],
)
def test_each_kind_of_store_is_opened_by_its_name(tmp_path, monkeypatch, store, address, kind):
    with aws_line(monkeypatch):
        assert isinstance(open_store(service(tmp_path, store, address)), kind)


def test_another_address_goes_before_the_one_in_the_file(tmp_path, monkeypatch):
    with aws_line(monkeypatch):
        assert open_store(service(tmp_path, "dynamodb", "one"), "two").table == "two"


def test_a_store_without_an_address_is_refused(tmp_path):
    with pytest.raises(ServiceError, match="where is the redis store of plots"):
        open_store(service(tmp_path))


def test_a_service_without_features_has_no_store(tmp_path, tiny_service):
    with pytest.raises(ServiceError, match=r"service tiny has no \[features\]"):
        open_store(services.load(tiny_service))


@pytest.mark.parametrize("address", ["127.0.0.1:6566", FEAST, f"{FEAST}/?view=a&feature_service=b", f"{FEAST}/?x=1"])
def test_an_address_of_feast_says_which_features(tmp_path, address):
    with pytest.raises(ServiceError, match=r"expected http://host:6566/\?feature_service=NAME or .../\?view=NAME"):
        open_store(service(tmp_path, "feast", address))


def test_feast_is_asked_for_the_stored_fields_of_a_view_or_for_a_feature_service(tmp_path):
    by_view = open_store(service(tmp_path, "feast", f"{FEAST}/?view=plots"))
    named = open_store(service(tmp_path, "feast", f"{FEAST}/?feature_service=nuru"))
    assert by_view.question.wanted == {"features": ["plots:precip_total", "plots:altitude", "plots:soil", "plots:sown"]}
    assert named.question.wanted == {"feature_service": "nuru"}
    assert by_view.question.key("7") == 7
    assert str(by_view.client.base_url) == FEAST + "/"
    by_view.client.close()
    named.client.close()


def test_a_lookup_is_as_patient_as_the_service_says(tmp_path):
    plots = service(tmp_path, "parquet", str(tmp_path / "features"), ttl_s=0)
    assert prepare(features_of(plots))
    assert not prepare(features_of(plots))
    store = open_store(plots)
    store.put({"1": Stored(PLOTS["1"], 1.0)})
    features = open_lookup(plots, store)
    assert features.fetch(["1"])["1"].stored.values["altitude"] == 1252.0
    assert features.remembered(["1"]) is None  # ttl_s = 0


def test_the_libraries_of_other_stores_are_not_loaded():
    look = "import sys, serinus.stores; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout.split()
    assert not {"redis", "boto3", "botocore", "httpx", "pyarrow"} & set(loaded)
