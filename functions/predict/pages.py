"""The pages that describe the API to people and programs, made when somebody asks for the first of them.

FastAPI makes them, and importing it takes longer than everything else that a cold start imports.
"""

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.predict.catalogue import Catalogue

PATHS = ("/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc")


class Pages:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._made: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._made is None:
            from functions.predict.documentation import documentation

            self._made = documentation(self._catalogue)
        await self._made(scope, receive, send)


def pages(catalogue: Catalogue) -> list[Route]:
    made = Pages(catalogue)
    return [Route(path, made, methods=["GET"]) for path in PATHS]
