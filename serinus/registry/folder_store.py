"""The store of a registry that is a folder: `models/<name>/v1.0.0/...` with the links `latest` and `stable` beside."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from serinus.bundle import Bundle
from serinus.errors import RegistryError
from serinus.registry.disk import sync, told
from serinus.registry.folder_ledger import FolderLedger
from serinus.registry.record import Record
from serinus.registry.shelf import BLOCK, Missing, Parcel, Report, Shelf, digest_of
from serinus.service import bundle_folder

POINTERS = ("latest", "stable")


def folder_shelf(root: Path) -> Shelf:
    return Shelf(FolderLedger(root), FolderStore(root))


@dataclass(frozen=True)
class FolderStore:
    root: Path

    def path(self, name: str, version: str) -> str:
        return bundle_folder(Path(), name, version).as_posix()

    def receive(self, parcel: Parcel, report: Report, *, over_leftover: bool = False) -> None:
        """What lies there and is another bundle stays, registered or not: an export may have put it there."""
        folder = bundle_folder(self.root, parcel.metadata.model_name, parcel.metadata.version)
        if not folder.exists():
            with told(f"write {folder}"):
                _copy(parcel, folder)
        there = Bundle.load(folder).digest
        if there != parcel.digest:
            raise RegistryError(
                f"{folder} holds another bundle, of digest {there[:12]}; this one is {parcel.digest[:12]}: "
                "register that one, remove it, or give this one a new version"
            )
        for name in parcel.files:
            sync(folder / name)
        report(parcel.size)

    def read(self, record: Record, file: str, start: int = 0) -> Iterator[bytes]:
        try:
            with self._file(record, file).open("rb") as opened:
                opened.seek(start)
                while block := opened.read(BLOCK):
                    yield block
        except OSError as error:
            raise Missing(f"cannot read {self._file(record, file)}: {error.strerror}") from error

    def bring_back(self, record: Record, file: str, copy: Path | None) -> str:
        wanted, target = record.files[file].sha256, self._file(record, file)
        if copy is None:
            raise RegistryError(
                f"{target} is lost or altered, and a folder keeps no earlier versions of its files: name a copy of the "
                f"bundle with --from, such as one pulled from another registry; its {file} has sha256 {wanted}"
            )
        if not copy.is_file() or digest_of(_blocks(copy)) != wanted:
            raise RegistryError(f"{copy} is not what was registered: expected a file of sha256 {wanted}")
        scratch = self.root / record.model_name / f".restoring-{file}"
        with told(f"write {target}"):
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(copy, scratch)
            sync(scratch)
            scratch.replace(target)
        return str(copy)

    def point(self, name: str, pointers: Mapping[str, str]) -> None:
        for pointer in POINTERS:
            link, version = self.root / name / pointer, pointers.get(pointer)
            if link.exists() and not link.is_symlink():
                raise RegistryError(f"{link} is in the way of the link of that name: remove it")
            with told(f"write the link {link}"):
                if version is None:
                    link.unlink(missing_ok=True)
                elif self.pointers(name).get(pointer) != version:
                    _link(link, f"v{version}")

    def pointers(self, name: str) -> Mapping[str, str]:
        links = {pointer: self.root / name / pointer for pointer in POINTERS}
        return {name: str(link.readlink()).removeprefix("v") for name, link in links.items() if link.is_symlink()}

    def _file(self, record: Record, file: str) -> Path:
        return bundle_folder(self.root, record.model_name, record.version) / file


def is_registered(folder: Path) -> bool:
    """Whether `folder`, such as models/xgboost/v1.0.0, is where a registered version lies."""
    ledger = FolderLedger(folder.parents[1])
    return folder.name.removeprefix("v") in ledger.model(folder.parent.name).records


def unregistered(root: Path) -> list[Path]:
    """Bundles that lie in the folder, from an export or a pull, and are in no record."""
    return [sums.parent for sums in sorted(root.glob("*/v*/SHA256SUMS")) if not is_registered(sums.parent)]


def _copy(parcel: Parcel, folder: Path) -> None:
    """Make `folder` appear whole; when another process was faster, its folder stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".receiving-") as scratch:
        made = Path(scratch, folder.name)
        made.mkdir()
        for name in parcel.files:
            shutil.copyfile(parcel.folder / name, made / name)
            sync(made / name)  # before the folder gets its name
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    sync(folder.parent)


def _link(link: Path, target: str) -> None:
    """Make `link` show `target`: a reader sees where it led before, or where it leads now."""
    with tempfile.TemporaryDirectory(dir=link.parent, prefix=".linking-") as scratch:
        made = Path(scratch, link.name)
        made.symlink_to(target)
        made.replace(link)


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            yield block
