"""The images of a synthesised stack, brought to where functions are run from, as `cdk deploy` pushes them to ECR."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


class NotBuilt(RuntimeError):
    """The container engine could not build an image."""


@dataclass(frozen=True)
class ImageAsset:
    """One image of a stack: the folder it is built from, and the tag that the template calls it by."""

    tag: str
    folder: Path
    target: str | None = None
    platform: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)

    def kept(self, shelf: Path) -> Path:
        """Its files in `shelf`, where the next synthesis does not touch them: published versions do not change."""
        place = shelf / self.tag
        if not place.is_dir():
            unfinished = shelf / f"{self.tag}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(self.folder, unfinished)
            unfinished.rename(place)
        return place

    def built(self) -> str:
        """The name of a container image of it."""
        name = f"localaws:{self.tag}"
        options = [*(("--target", self.target) if self.target else ())]
        options += [*(("--platform", self.platform) if self.platform else ())]
        options += [part for one in self.arguments.items() for part in ("--build-arg", "=".join(one))]
        command = ["docker", "build", "--quiet", "--tag", name, *options, str(self.folder)]
        try:
            run = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise NotBuilt("docker is not installed: leave out --containers, and functions run as processes") from error
        if run.returncode:
            raise NotBuilt(f"docker build failed: {run.stderr.strip()[-2000:]}")
        return name


def images(assembly: Path, stack: str) -> Iterator[ImageAsset]:
    """What `<stack>.assets.json` lists, one for each tag."""
    manifest = json.loads((assembly / f"{stack}.assets.json").read_text())
    for image in manifest.get("dockerImages", {}).values():
        source = image["source"]
        for destination in image["destinations"].values():
            yield ImageAsset(
                destination["imageTag"],
                assembly / source["directory"],
                source.get("dockerBuildTarget"),
                source.get("platform"),
                source.get("dockerBuildArgs", {}),
            )
