"""The import budget of the predict handler: which modules a cold start loads, and what each costs.

python -m benchmarks.imports [--models models] [--write]

--write puts it into tests/unit/budget/predict-imports.toml. A test compares the names in there with what is really
imported; the figures tell whoever adds one what it is about.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import median
from types import MappingProxyType

from benchmarks.cold import LINE, ROOT, SERVICE
from benchmarks.table import console, print_table

BUDGET = ROOT / "tests/unit/budget/predict-imports.toml"
HANDLER = "functions.predict.handler"
OURS = ("functions", "serinus")
ABSENT = ("boto3", "botocore")  # not in the image of a service without a store; Powertools takes botocore along
AS_IN_THE_IMAGE = {"AWS_LAMBDA_FUNCTION_NAME": "measured", "OPENBLAS_NUM_THREADS": "1"}
RUNS = 5
HEAD = """\
# What the predict handler imports at a cold start. Made by `python -m benchmarks.imports --write`; a test fails when a
# module joins that is not listed, or a listed one is no longer imported. ms: of its own, without what it imports; mb:
# resident memory that it adds, the same way. Both are of the machine that wrote them, with .pyc files there, and
# without the models, which {handler} loads: nothing asserts them.
python = "{python}"
"""
LOADED = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[2].split(",")))
before = set(sys.modules)
__import__(sys.argv[1])
added = [name for name in sys.modules if name not in before]
import json
json.dump(added, sys.stderr)
"""
# Every module's loader is wrapped, so that memory is read around its execution; what is imported inside is subtracted.
WEIGHED = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[2].split(",")))
mb, inside = {}, [0]
statm = open("/proc/self/statm")
def pages():
    statm.seek(0)
    return int(statm.read().split()[1])
class Weighing:
    def __init__(self, loader): self.loader = loader
    def __getattr__(self, name): return getattr(self.loader, name)
    def create_module(self, spec):
        return self.weigh(spec.name, self.loader.create_module, spec)
    def exec_module(self, module):
        return self.weigh(module.__name__, self.loader.exec_module, module)
    def weigh(self, name, act, what):
        inside.append(0)
        start = pages()
        try: return act(what)
        finally:
            grown = pages() - start
            mb[name] = mb.get(name, 0) + (grown - inside.pop()) * 4096 / 1e6
            inside[-1] += grown
class Finder:
    def find_spec(self, name, path=None, target=None):
        for finder in sys.meta_path[1:]:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"): spec.loader = Weighing(spec.loader)
                return spec
sys.meta_path.insert(0, Finder())
for module in sys.argv[1].split(","): __import__(module)
import json
json.dump(mb, sys.stderr)
"""


def main() -> None:
    options = _options()
    env = {"SERINUS_SERVICE": str(SERVICE), "SERINUS_MODELS": str(options.models.resolve())}
    modules = loaded(env)
    names, alone = sections(modules), [one for one in modules if _place(one)[0] == "ours" and one != HANDLER]
    ms, mb = times(alone), weights(alone)
    written = budget(names, ms, mb)
    if options.write:
        BUDGET.parent.mkdir(exist_ok=True)
        BUDGET.write_text(written)
    rows = [[section, len(keys), sum_of(keys, ms), sum_of(keys, mb)] for section, keys in names.items()]
    print_table(console(), "Imports of the predict handler", ["", "modules", "ms", "MB"], rows)
    heaviest = sorted(ms, key=lambda key: -ms[key])[:20]
    print_table(console(), "The heaviest", ["", "ms", "MB"], [[key, ms[key], mb.get(key, 0.0)] for key in heaviest])


def loaded(env: Mapping[str, str]) -> list[str]:
    """What a fresh process imports for the handler, in that order, without what any Python has, as in the image."""
    names: list[str] = json.loads(_lines(["-c", LOADED, HANDLER, ",".join(ABSENT)], env)[-1])
    return names


def sections(modules: Iterable[str]) -> dict[str, list[str]]:
    """Ours by module, the others by their top-level names; what begins with _ belongs to another."""
    found: dict[str, set[str]] = {"ours": set(), "packages": set(), "standard_library": set()}
    for module in modules:
        section, key = _place(module)
        if not key.startswith("_"):
            found[section].add(key)
    return {section: sorted(keys) for section, keys in found.items()}


def times(modules: Iterable[str]) -> dict[str, float]:
    """Milliseconds of its own by key: medians of several fresh processes, the first of which writes the .pyc files."""
    absent = f"import sys; sys.modules.update(dict.fromkeys({ABSENT}))"
    command = ["-X", "importtime", "-c", f"{absent}; import {', '.join(modules)}"]
    _lines(command)
    return _medians(lambda: _by_key((one[4], int(one[1]) / 1000) for one in map(LINE.match, _lines(command)) if one))


def weights(modules: Iterable[str]) -> dict[str, float]:
    """Megabytes of its own by key, the same way."""
    command = ["-c", WEIGHED, ",".join(modules), ",".join(ABSENT)]
    return _medians(lambda: _by_key(json.loads(_lines(command)[-1]).items()))


def budget(names: Mapping[str, Iterable[str]], ms: Mapping[str, float], mb: Mapping[str, float]) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    lines = [HEAD.format(handler=HANDLER, python=version)]
    for section, keys in names.items():
        listed = (f'"{key}" = {{ ms = {ms.get(key, 0.0):.1f}, mb = {max(mb.get(key, 0.0), 0.0):.1f} }}' for key in keys)
        lines.append("\n".join([f"[{section}]", *listed, ""]))
    return "\n".join(lines)


def sum_of(keys: Iterable[str], figures: Mapping[str, float]) -> float:
    return round(sum(figures.get(key, 0.0) for key in keys), 1)


def _place(module: str) -> tuple[str, str]:
    top = module.partition(".")[0]
    if top in OURS:
        return "ours", module
    return ("standard_library" if top in sys.stdlib_module_names else "packages"), top


def _by_key(figures: Iterable[tuple[str, float]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for module, figure in figures:
        key = _place(module)[1]
        sums[key] = sums.get(key, 0.0) + figure
    return sums


def _medians(run: Callable[[], Mapping[str, float]]) -> dict[str, float]:
    runs = [run() for _ in range(RUNS)]
    keys = set.intersection(*(set(one) for one in runs))
    return {key: round(median(one[key] for one in runs), 2) for key in keys}


def _lines(command: list[str], env: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """What a fresh Python writes to standard error."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run = subprocess.run(
        [sys.executable, *command],
        env={**inherited, **AS_IN_THE_IMAGE, **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise RuntimeError(f"the handler does not start: {run.stderr[-2000:]}")
    return run.stderr.splitlines()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="the bundles of kepler")
    parser.add_argument("--write", action="store_true", help="write the budget that a test holds the handler to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
