"""Which commit the baked files are of."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

UNKNOWN = "unknown"


def revision(root: Path, paths: Sequence[Path]) -> str:
    """The last commit under `root` that touched any of `paths`, with -dirty where they differ from it.

    Commits of other files make no other image. Paths outside `root` are in nobody's history here.
    """
    inside = [str(path.resolve()) for path in paths if path.resolve().is_relative_to(root.resolve())]
    commit = _git(root, "log", "-1", "--format=%H", "--", *inside)
    if not commit:
        return UNKNOWN
    is_dirty = _git(root, "status", "--porcelain", "--untracked-files=all", "--", *inside) != ""
    return f"{commit}-dirty" if is_dirty else commit


def _git(root: Path, *arguments: str) -> str | None:
    """What git says; None where there is no git, or no repository."""
    try:
        said = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.stdout.strip()
