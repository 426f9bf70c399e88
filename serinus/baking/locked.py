"""What uv.lock pins for one image: every package an extra needs there, with the digests of its wheels."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from serinus.errors import ServiceError

PYTHON = (3, 13)
GLIBC = range(17, 42)  # 2.17 is manylinux2014; 2.41 is that of Debian 13, on which the base image stands
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
LEGACY = {"x86_64": ("manylinux2014", "manylinux2010", "manylinux1"), "aarch64": ("manylinux2014",)}
OURS = "serinus"

Entry = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Pin:
    """One package of an image. digests: SHA-256 of each of its wheels that fits; needs: names of other pins."""

    name: str
    version: str
    digests: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Platform:
    """CPython on Linux. architecture: as Lambda spells it."""

    architecture: str

    @property
    def machine(self) -> str:
        return MACHINES[self.architecture]

    @cached_property
    def markers(self) -> dict[str, str]:
        version = ".".join(map(str, PYTHON))
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{version}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": "linux",
        }

    @cached_property
    def tags(self) -> frozenset[Tag]:
        platforms = [f"manylinux_2_{minor}_{self.machine}" for minor in reversed(GLIBC)]
        platforms += [f"{name}_{self.machine}" for name in LEGACY[self.machine]]
        own = cpython_tags(PYTHON, platforms=platforms)
        return frozenset([*own, *compatible_tags(PYTHON, "cp313", platforms)])


@dataclass(frozen=True)
class Lock:
    """A parsed uv.lock, read for one platform."""

    packages: Sequence[Entry]
    platform: Platform

    def pins(self, extras: Iterable[str], *, without: Iterable[str] = ()) -> list[Pin]:
        """Everything that this project with `extras` installs, but for what it asks for by a name in `without`."""
        root = self._only(OURS)
        named = [*root["dependencies"], *self._optional(root, extras)]
        left_out = set(without)
        found: dict[str, Entry] = {}
        waiting = [need for need in named if need["name"] not in left_out]
        seen: set[tuple[str, str]] = set()
        while waiting:
            need = waiting.pop()
            if not self._applies(need):
                continue
            entry = self._entry(need)
            found[entry["name"]] = entry
            waiting += [one for part, needs in self._parts(entry, need) if _new(seen, entry, part) for one in needs]
        return sorted(self._pin(entry, found) for entry in found.values())

    def _parts(self, entry: Entry, need: Entry) -> Iterator[tuple[str, list[Entry]]]:
        """What `entry` itself needs, and each of its extras that `need` asks for."""
        yield "", entry.get("dependencies", [])
        for extra in need.get("extra", []):
            yield extra, self._optional(entry, [extra])

    def _optional(self, entry: Entry, extras: Iterable[str]) -> list[Entry]:
        known = entry.get("optional-dependencies", {})
        if unknown := sorted(set(extras) - set(known)):
            raise ServiceError(f"uv.lock: {entry['name']} has no extra {', '.join(unknown)}: lock again")
        return [need for extra in extras for need in known[extra]]

    def _applies(self, need: Entry) -> bool:
        return "marker" not in need or Marker(need["marker"]).evaluate(self.platform.markers)

    def _entry(self, need: Entry) -> Entry:
        return self._only(need["name"], need.get("version"))

    def _only(self, name: str, version: str | None = None) -> Entry:
        found = [one for one in self.packages if one["name"] == name and version in (None, one["version"])]
        if len(found) != 1:
            raise ServiceError(f"uv.lock: expected one {name} {version or ''}, got {len(found)}: lock again")
        return found[0]

    def _pin(self, entry: Entry, found: Mapping[str, Entry]) -> Pin:
        names = {wheel["url"].rpartition("/")[2]: wheel["hash"] for wheel in entry.get("wheels", [])}
        fitting = (digest for name, digest in names.items() if self.platform.tags & parse_wheel_filename(name)[3])
        digests = tuple(sorted(fitting))
        if not digests:
            where = f"Python {'.'.join(map(str, PYTHON))} on {self.platform.machine} Linux"
            raise ServiceError(f"{entry['name']} {entry['version']} has no wheel for {where}")
        needs = {need["name"] for need in entry.get("dependencies", []) if self._applies(need)} & set(found)
        return Pin(entry["name"], entry["version"], digests, tuple(sorted(needs)))


def requirements(pins: Iterable[Pin]) -> str:
    """What pip takes with --require-hashes; no address stands in it, so that it works with every index."""
    lines = (
        " \\\n    ".join([f"{pin.name}=={pin.version}", *(f"--hash={one}" for one in pin.digests)]) for pin in pins
    )
    return "".join(f"{line}\n" for line in lines)


def _new(seen: set[tuple[str, str]], entry: Entry, part: str) -> bool:
    """Whether this part of a package was not walked yet; from now on it is."""
    key = (entry["name"], part)
    is_new = key not in seen
    seen.add(key)
    return is_new
