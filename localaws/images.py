"""Where the code of the images lies: a laptop runs an image's files without the image."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

CMD = re.compile(r"^CMD\s+(\[.*\])\s*$", re.MULTILINE)


class UnknownImage(LookupError):
    """Lambda would have refused to create a function of an image that is not there."""


@dataclass(frozen=True)
class Images:
    """Each image by its tag or its digest: what follows the last colon of its URI."""

    _folders: dict[str, Path] = field(default_factory=dict)
    _containers: dict[str, str] = field(default_factory=dict)

    def register(self, tag: str, folder: Path, container: str = "") -> None:
        """folder: a baked context, the files of the image in `app`; container: what the engine calls it once built."""
        self._folders[tag.rpartition(":")[2]] = folder
        self._containers[tag.rpartition(":")[2]] = container

    def container(self, image_uri: str) -> str:
        """Empty where the image was not built: then its files are run."""
        return self._containers.get(image_uri.rpartition(":")[2], "")

    def folder(self, image_uri: str) -> Path:
        tag = image_uri.rpartition(":")[2]
        try:
            return self._folders[tag]
        except KeyError:
            known = ", ".join(sorted(self._folders)) or "none"
            raise UnknownImage(f"no image {image_uri!r} here: expected one of the tags {known}") from None

    def command(self, image_uri: str) -> str:
        """The handler that the image itself names: the CMD of its last target."""
        commands = CMD.findall((self.folder(image_uri) / "Dockerfile").read_text())
        if not commands:
            raise UnknownImage(f"the Dockerfile of {image_uri!r} names no handler: expected a CMD of JSON")
        return str(json.loads(commands[-1])[0])
