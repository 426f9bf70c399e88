"""What can stop an export.

ExportError      (a SerinusError)
  Refused        the model, or what was said about it, cannot become a bundle that answers as the original does
  MissingExtra   the libraries that read this kind of model are not installed
  ParityFailed   the graph was made, but does not answer as the original does (in `export.gate`)
"""

from serinus.errors import SerinusError


class ExportError(SerinusError):
    pass


class Refused(ExportError):
    pass


class MissingExtra(ExportError):
    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f'this export needs {library}, which is not installed: pip install "serinus[{extra}]"')
        self.extra = extra
