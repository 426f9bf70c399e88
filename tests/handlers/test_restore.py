"""A function that Lambda starts from a snapshot: in the real runtime client, which runs the hooks."""

import random
from dataclasses import replace

import pytest
import snapshot_restore_py

from functions.predict.start import after_restore
from localaws.runtime import Runtime
from serinus import service as services
from serinus.errors import StoreDown
from serinus.features.store import Stored
from serinus.stores import open_store
from tests.handlers.test_lambda import answer_of, event, function
from tests.handlers.test_records import SAID
from tests.records import KEPT, NOW, PLOTS, Shelf, stock_of, write_record_service


class Unplugged(Shelf):
    """A store whose open connection is dead, which the first question finds out."""

    def __init__(self) -> None:
        super().__init__()
        self.is_dead = True
        self.pings = 0

    def ping(self) -> None:
        self.pings += 1
        if self.is_dead:
            self.is_dead = False
            raise StoreDown("connection reset", retry_after_s=1)


@pytest.fixture
def plots(tmp_path):
    return write_record_service(tmp_path / "plots", PLOTS)


@pytest.fixture
def hooks(monkeypatch):
    """The hooks that are registered in this test."""
    registered: list = []
    monkeypatch.setattr(snapshot_restore_py, "_after_restore_registry", registered)
    return registered


def run(hooks: list) -> None:
    for hook, args, said in hooks:
        hook(*args, **said)


def test_every_copy_waits_for_other_times(plots, hooks):
    after_restore(stock_of(services.load(plots), Shelf()), "snap-start")
    random.seed(1)
    of_the_snapshot = random.random()
    random.seed(1)
    run(hooks)
    assert random.random() != of_the_snapshot


def test_the_first_request_after_a_restore_finds_a_live_connection(plots, hooks):
    shelf = Unplugged()
    stock = stock_of(services.load(plots), shelf)
    after_restore(stock, "snap-start")
    run(hooks)
    assert shelf.pings == 2
    assert stock.is_available()
    assert shelf.pings == 2  # a health check right after it does not ask again


@pytest.mark.parametrize("initialization", ["on-demand", "provisioned-concurrency", ""])
def test_without_a_snapshot_there_is_nothing_to_do(plots, hooks, initialization):
    after_restore(stock_of(services.load(plots), Shelf()), initialization)
    assert hooks == []


def test_the_predict_function_answers_after_a_restore(plots):
    features = plots.parent / "features"
    features.mkdir()
    open_store(services.load(plots), str(features)).put({"1": Stored(KEPT, NOW)})
    config = function(plots, initialization="snap-start")
    config = replace(config, env={**config.env, "SERINUS_FEATURES_ADDRESS": str(features)})
    with Runtime(config) as running:
        invocation = running.invoke(event("http_v2_predict", SAID))
    status, _, body = answer_of(invocation)
    assert (status, body["plot_id"]) == (200, 1)
    assert 0 < invocation.restore_ms < invocation.init_ms
