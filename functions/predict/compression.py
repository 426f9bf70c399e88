"""gzip, both ways: large answers for those who take it, and bodies that come in it, never larger than they may be.

The hot routes answer past FastAPI's middleware; an answer too small to be worth it costs nothing here.
"""

import gzip
import re
import zlib

from functions.predict.problems import too_large
from serinus.errors import InputError, Problem

WORTH_GZIPPING = 1024
LEVEL = 4  # 9 takes twice as long over a batch of 100 and saves 2 %
GZIP = zlib.MAX_WBITS | 16  # what zlib calls the format

NEVER = re.compile(rb"\s*q\s*=\s*0(\.0*)?\s*\Z")

Headers = list[tuple[bytes, bytes]]


def packed(answer: bytes, asked: Headers) -> tuple[bytes, Headers]:
    """`answer` for a caller with the headers `asked`, and the headers that say what became of it."""
    if len(answer) < WORTH_GZIPPING:
        return answer, []
    vary = (b"vary", b"accept-encoding")
    if not takes_gzip(asked):
        return answer, [vary]
    return gzip.compress(answer, LEVEL, mtime=0), [vary, (b"content-encoding", b"gzip")]


def takes_gzip(headers: Headers) -> bool:
    accepted = b",".join(value for name, value in headers if name == b"accept-encoding")
    for one in accepted.lower().split(b","):
        coding, _, weight = one.partition(b";")
        if coding.strip() in (b"gzip", b"x-gzip"):
            return not NEVER.match(weight)
    return False


def unpacked(body: bytes, *, most: int) -> bytes:
    """What `body` holds. It never takes more memory than `most`: a few KB can be the gzip of many GB."""
    stream = zlib.decompressobj(GZIP)
    try:
        plain = stream.decompress(body, most + 1)
    except zlib.error as error:
        raise _no_stream(str(error)) from None
    if len(plain) > most:
        raise too_large(len(plain), most)
    if not stream.eof:
        raise _no_stream("a stream that ends early")
    if stream.unused_data:  # also a second stream: of many tiny ones, each would cost a copy of the rest
        raise _no_stream(f"{len(stream.unused_data)} bytes after the stream")
    return plain


def _no_stream(got: str) -> InputError:
    return InputError([Problem("body", got, "one whole gzip stream, as content-encoding says")])
