"""Where the code of a function version lies on disk, and which handler in it answers."""

import hashlib
import io
import threading
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from moto.awslambda.models import LambdaFunction

from localaws.images import Images, UnknownImage


@dataclass(frozen=True)
class Code:
    """scratch: where the archives of zip functions are unpacked, once each."""

    images: Images
    scratch: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def folder(self, function: LambdaFunction) -> Path:
        if image_uri := function.code.get("ImageUri"):
            return self.images.folder(image_uri) / "app"
        return self._unpacked(function)

    def container(self, function: LambdaFunction) -> str:
        return self.images.container(function.code.get("ImageUri") or "")

    def handler(self, function: LambdaFunction) -> str:
        if image_uri := function.code.get("ImageUri"):
            command: list[str] = function.image_config.cmd
            return command[0] if command else self.images.command(image_uri)
        return str(function.handler)

    def _unpacked(self, function: LambdaFunction) -> Path:
        if not (function.run_time or "").startswith("python") or not function.code_bytes:
            raise UnknownImage(f"{function.function_name} is neither an image nor Python in an archive: cannot run it")
        folder = self.scratch / hashlib.sha256(function.code_sha_256.encode()).hexdigest()
        with self._lock:
            if not folder.is_dir():
                with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                    archive.extractall(folder)
        return folder
