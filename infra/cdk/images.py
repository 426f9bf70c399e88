"""Where the image of the function comes from: a baked folder, an image by its digest, or one named at deployment."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aws_cdk import CfnParameter, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_lambda as lambda_

from serinus.errors import ServiceError

TARGET = "online"
DIGEST = r"sha256:[0-9a-f]{64}"
PUSHED = re.compile(rf"(?P<repository>[a-z0-9]+([._/-][a-z0-9]+)*)@(?P<digest>{DIGEST})")
PLATFORMS = {"x86_64": assets.Platform.LINUX_AMD64, "arm64": assets.Platform.LINUX_ARM64}


@dataclass(frozen=True)
class Code:
    """source: for CDK; release: what a published version says it is of; uri: where CDK would write another one."""

    source: lambda_.DockerImageCode
    release: str | None = None
    uri: str | None = None


class Image(Protocol):
    def code(self, stack: Stack, command: str) -> Code: ...


@dataclass(frozen=True)
class Baked:
    """A folder with a Dockerfile, made by `serinus bake`: built when it is deployed, never when it is synthesised."""

    folder: Path
    architecture: str
    base_image: str | None = None

    def code(self, stack: Stack, command: str) -> Code:
        source = lambda_.DockerImageCode.from_image_asset(
            str(self.folder),
            target=TARGET,
            cmd=[command],
            platform=PLATFORMS[self.architecture],
            build_args={"BASE_IMAGE": self.base_image} if self.base_image else None,
        )
        return Code(source)


@dataclass(frozen=True)
class Pushed:
    """An image in a repository of the account, by its digest."""

    repository: str
    digest: str

    def code(self, stack: Stack, command: str) -> Code:
        repository = ecr.Repository.from_repository_name(stack, "Repository", self.repository)
        return Code(lambda_.DockerImageCode.from_ecr(repository, tag_or_digest=self.digest, cmd=[command]), self.digest)


@dataclass(frozen=True)
class Named:
    """The image of `repository` whose digest is given at deployment, as parameter ImageDigest."""

    repository: str

    def code(self, stack: Stack, command: str) -> Code:
        said = CfnParameter(
            stack,
            "ImageDigest",
            allowed_pattern=f"^{DIGEST}$",
            description=f"Which image of {self.repository} answers: sha256: and 64 digits",
        )
        repository = ecr.Repository.from_repository_name(stack, "Repository", self.repository)
        digest = said.value_as_string  # CDK takes what it does not know for a tag
        return Code(
            lambda_.DockerImageCode.from_ecr(repository, cmd=[command]),
            digest,
            repository.repository_uri + "@" + digest,
        )


def image_of(said: str | None, *, service: str, architecture: str, base_image: str | None = None) -> Image:
    """What `said` means: a folder, or repository@digest; nothing: what was baked, or else the service's repository."""
    if said and (pushed := PUSHED.fullmatch(said)):
        return Pushed(pushed["repository"], pushed["digest"])
    folder = Path(said or f"build/{service}/online")
    if (folder / "Dockerfile").is_file():
        return Baked(folder.resolve(), architecture, base_image)
    if said:
        raise ServiceError(f"image {said!r}: expected a folder with a Dockerfile, or REPOSITORY@sha256:DIGEST")
    return Named(f"serinus/{service}")
