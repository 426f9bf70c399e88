"""What the address of a store tells: its kind, and whether AWS can reach it."""

import pytest

from serinus import service as services
from serinus.errors import ServiceError
from serinus.features.address import kind_at
from serinus.features.parquet_store import ParquetStore
from serinus.features.redis_store import RedisStore
from serinus.sections import FeaturesSection
from serinus.stored import is_reachable_from_aws
from serinus.stores import open_store
from tests.features.plots import plots_service


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("redis://127.0.0.1:6379/0", "redis"),
        ("rediss://user:secret@cache.example.org", "redis"),
        ("unix:///run/redis.sock", "redis"),
        ("dynamodb://plots", "dynamodb"),
        ("s3://bucket/features", "parquet"),
        ("/srv/features", "parquet"),
        ("./features", "parquet"),
        ("../features", "parquet"),
        ("http://127.0.0.1:6566/?view=plots", "feast"),
        ("https://feast.example.org/?view=plots", "feast"),
    ],
)
@pytest.mark.parametrize("otherwise", ["redis", "dynamodb", "parquet", "feast"])
def test_an_address_with_a_scheme_tells_its_kind_whatever_the_service_says(address, kind, otherwise):
    assert kind_at(address, otherwise) == kind


@pytest.mark.parametrize("address", ["plots", "demo/nuru/features", "127.0.0.1:6566", ".plots", ""])
@pytest.mark.parametrize("otherwise", ["redis", "dynamodb", "parquet", "feast"])
def test_a_bare_name_is_of_the_kind_that_the_service_says(address, otherwise):
    assert kind_at(address, otherwise) == otherwise


def test_an_unknown_scheme_is_refused_without_the_password_in_it():
    with pytest.raises(ServiceError, match=r"no feature store is at postgres://, expected one of 'redis'") as refused:
        kind_at("postgres://user:secret@127.0.0.1", "redis")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("address", ["dynamodb://plots", "s3://bucket/features", "/srv/features"])
def test_service_toml_does_not_contradict_itself(tmp_path, address):
    with pytest.raises(ServiceError, match=r"features\.address is that of a \w+ store, but features\.store is 'redis'"):
        services.load(plots_service(tmp_path, store="redis", address=address))


def test_an_unknown_scheme_in_service_toml_is_refused_without_its_password(tmp_path):
    with pytest.raises(ServiceError, match=r"features\.address: no feature store is at postgres://") as refused:
        services.load(plots_service(tmp_path, store="redis", address="postgres://user:secret@127.0.0.1"))
    assert "secret" not in str(refused.value)


def test_one_service_has_another_kind_of_store_where_it_runs(tmp_path):
    service = services.load(plots_service(tmp_path, store="redis", address="redis://127.0.0.1:1/0"))
    assert isinstance(open_store(service), RedisStore)
    assert isinstance(open_store(service, str(tmp_path / "features")), ParquetStore)


@pytest.mark.parametrize(
    ("store", "address", "is_reachable"),
    [
        ("redis", "redis://127.0.0.1:6379/0", False),
        ("redis", "redis://127.1.2.3", False),
        ("redis", "redis://[::1]:6379", False),
        ("redis", "redis://localhost", False),
        ("redis", "redis://LOCALHOST:6379", False),
        ("redis", "redis://cache.localhost", False),
        ("redis", "redis://laptop.local", False),
        ("redis", "redis://host.docker.internal", False),
        ("redis", "redis://0.0.0.0", False),
        ("redis", "redis://169.254.1.1", False),
        ("redis", "redis:///0", False),
        ("redis", "unix:///run/redis.sock", False),
        ("redis", "", False),
        ("redis", "rediss://user:secret@127.0.0.1:6379", False),
        ("redis", "rediss://user:secret@cache.example.org:6379", True),
        ("redis", "redis://10.0.3.4:6379", True),
        ("dynamodb", "plots", True),
        ("dynamodb", "dynamodb://plots", True),
        ("dynamodb", "", False),
        ("parquet", "s3://bucket/features", True),
        ("parquet", "demo/nuru/features", False),
        ("parquet", "/srv/features", False),
        ("parquet", "", False),
        ("feast", "http://127.0.0.1:6566/?view=plots", False),
        ("feast", "https://feast.example.org/?view=plots", True),
        ("feast", "", False),
    ],
)
def test_what_only_this_machine_knows_is_out_of_reach_of_aws(store, address, is_reachable):
    section = FeaturesSection(entity="plot_id", store=store, address=address)
    assert is_reachable_from_aws(section) is is_reachable


@pytest.mark.parametrize("name", ["iit", "nuru"])
def test_the_stores_of_the_services_here_are_on_a_laptop(name):
    section = services.load(services.find(name)).features
    assert section is not None
    assert not is_reachable_from_aws(section)
