"""From the name of a function to the worker that answers: every invocation on this laptop goes through here."""

import logging
import random
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from moto.awslambda.models import LambdaFunction, LambdaStorage, lambda_backends

from localaws.background import Background
from localaws.code import Code
from localaws.concurrency import RESERVED, UNRESERVED, Claim, Slots
from localaws.configuration import config_of
from localaws.function import FunctionConfig
from localaws.images import Images, UnknownImage
from localaws.names import Name
from localaws.refusals import Refused, invalid, not_restored, too_large
from localaws.report import log_of
from localaws.routing import Target, target
from localaws.runtime import Closed, Invocation, RequestTooLarge
from localaws.runtimes import Runtimes
from localaws.worker import NOT_RESTORED

__all__ = ["Dispatcher", "Invocation", "Limits", "Listener", "current", "invoke", "listen"]

log = logging.getLogger(__name__)

ACCOUNT = "123456789012"
REGION = "us-east-1"
Listener = Callable[[str, str, str, Invocation], None]
Launch = Callable[[FunctionConfig, LambdaFunction], FunctionConfig]


@dataclass(frozen=True)
class Limits:
    """concurrency: invocations of one version at once; idle_s: workers unneeded for so long end.

    grace_s: what runs when the dispatcher closes has so long to finish; retry_pauses_s: before the second and the third
    attempt of an asynchronous event, Lambda takes 60 and 120.
    """

    concurrency: int = 10
    idle_s: float = 300.0
    grace_s: float = 5.0
    retry_pauses_s: tuple[float, ...] = (1.0, 2.0)


def in_a_process(config: FunctionConfig, function: LambdaFunction) -> FunctionConfig:
    return config


class Dispatcher:
    """One in a process, as moto's functions are: the one whose context is entered.

    endpoint_url: of moto's server; seed: of what decides between the versions of an alias; launch: what becomes of the
    configuration of a worker before it is started, for containers
    """

    def __init__(
        self,
        endpoint_url: str,
        images: Images | None = None,
        *,
        limits: Limits | None = None,
        seed: int | None = None,
        launch: Launch = in_a_process,
    ) -> None:
        self._endpoint_url = endpoint_url
        self.images = images or Images()
        self._limits = limits or Limits()
        self._chance = random.Random(seed).random
        self._launch = launch
        self._slots = Slots()
        self._listeners: list[Listener] = []

    def __enter__(self) -> Self:
        if _running:
            raise RuntimeError("there is a dispatcher already")
        with ExitStack() as resources:
            scratch = resources.enter_context(tempfile.TemporaryDirectory(prefix="localaws-"))
            self._code = Code(self.images, Path(scratch))
            limits = self._limits
            self._background = Background(workers=limits.concurrency, pauses_s=limits.retry_pauses_s)
            resources.callback(self._background.wait)
            self._runtimes = Runtimes(workers=limits.concurrency, idle_s=limits.idle_s)
            resources.callback(self._runtimes.close, grace_s=limits.grace_s)
            resources.callback(self._background.stop)
            _running.append(self)
            resources.callback(_running.remove, self)
            self._resources = resources.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def listen(self, listener: Listener) -> None:
        """listener: told the function, the version, its log as Lambda writes it, and the invocation, after each."""
        self._listeners.append(listener)

    def invoke(self, function: str, qualifier: str | None, payload: bytes, *, region: str = REGION) -> Invocation:
        """function: as in `names`. Refused when Lambda turns it down; what the function did is in the answer."""
        return self.run(self.target(function, qualifier, region=region), payload)

    def submit(self, function: str, qualifier: str | None, payload: bytes, *, region: str = REGION) -> None:
        """Asynchronously, with as many retries as the function's event invoke config says; else two."""
        aimed = self.target(function, qualifier, region=region)
        latest = _storage(aimed.function)._get_latest(aimed.function.function_name)
        config = latest.event_invoke_config[0].config if latest.event_invoke_config else {}
        retries = int(config.get("MaximumRetryAttempts", 2))

        def attempt() -> bool:
            try:
                return self.invoke(function, qualifier, payload, region=region).function_error is None
            except Refused as refused:
                log.warning("%s: %s", function, refused)
                return False

        self._background.submit(attempt, retries=retries, what=function)

    def target(self, function: str, qualifier: str | None, *, region: str = REGION) -> Target:
        storage = lambda_backends[ACCOUNT][region]._lambdas
        return target(storage, Name.parse(function, qualifier), self._chance)

    def run(self, aimed: Target, payload: bytes) -> Invocation:
        function = aimed.function
        try:
            config = self._launch(config_of(function, self._code, self._endpoint_url), function)
        except UnknownImage as unknown:
            raise invalid(str(unknown)) from None
        with self._slots.taken(self._claims(function)):
            invocation = self._sent(function.function_arn, config, payload, aimed.qualifier)
        invocation = replace(invocation, logs=log_of(invocation, config))
        for listener in self._listeners:
            listener(function.function_name, invocation.version, invocation.logs, invocation)
        return _restored(invocation)

    def _sent(self, arn: str, config: FunctionConfig, payload: bytes, qualifier: str) -> Invocation:
        while True:
            try:
                return self._runtimes.of(arn, config).send(payload, qualifier)
            except Closed:  # replaced by the runtime of a newer $LATEST just now
                continue
            except RequestTooLarge as error:
                raise too_large(str(error)) from None

    def _claims(self, function: LambdaFunction) -> list[Claim]:
        """Reserved concurrency is the whole function's, and kept by its $LATEST."""
        reserved = _storage(function)._get_latest(function.function_name).reserved_concurrency
        claims = [Claim(f"{function.function_arn}@{function.version}", self._limits.concurrency, UNRESERVED)]
        if reserved is not None:
            claims.insert(0, Claim(f"{function.region}/{function.function_name}", int(reserved), RESERVED))
        return claims


_running: list[Dispatcher] = []


def current() -> Dispatcher:
    if not _running:
        raise RuntimeError("nothing runs functions here: enter a localaws.dispatch.Dispatcher first")
    return _running[-1]


def invoke(function: str, qualifier: str | None, payload: bytes, *, region: str = REGION) -> Invocation:
    return current().invoke(function, qualifier, payload, region=region)


def listen(listener: Listener) -> None:
    current().listen(listener)


def _storage(function: LambdaFunction) -> LambdaStorage:
    return lambda_backends[function.account_id][function.region]._lambdas


def _restored(invocation: Invocation) -> Invocation:
    """A hook that fails after the restore of a snapshot is no error of the function: Invoke itself fails."""
    if invocation.function_error and invocation.payload.get("errorType") == NOT_RESTORED:
        raise not_restored(str(invocation.payload.get("errorMessage")))
    return invocation
