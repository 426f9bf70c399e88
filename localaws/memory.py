"""The memory of one worker: the most it may have, and the most it ever had."""

import os
import re
import resource
import sys
from contextlib import suppress

import psutil

MB = 1024 * 1024
HEADROOM_MB = 512
PEAK = re.compile(rb"VmHWM:\s+(\d+) kB")


class Memory:
    """Lambda counts what a sandbox touches and kills it beyond its size; the kernel can only refuse address space.

    So what a worker touched is read after every answer, and while one is awaited; the limit on its data (heap and
    anonymous maps: what libraries reserve of the address space for code and files is free) only stops a worker that
    would take the machine with it before the next look. It is twice the memory of the function, or half a gigabyte
    more: a worker that comes near it has long been over what Lambda allows.
    """

    def __init__(self, pid: int, limit_mb: int) -> None:
        self._limit_mb = limit_mb
        self._peak_mb = 0.0
        self._process: psutil.Process | None = psutil.Process(pid)
        self._status: int | None = None
        if sys.platform == "linux":
            self._status = os.open(f"/proc/{pid}/status", os.O_RDONLY)
            _cap(pid, limit_mb)

    @property
    def peak_mb(self) -> float:
        """The last known once the process has ended. Away from Linux only what it had whenever this was asked."""
        with suppress(OSError, psutil.NoSuchProcess):
            self._peak_mb = max(self._peak_mb, self._read_mb())
        return self._peak_mb

    @property
    def is_exceeded(self) -> bool:
        return self.peak_mb > self._limit_mb

    def close(self) -> None:
        self._peak_mb = self.peak_mb
        self._process = None
        if self._status is not None:
            os.close(self._status)
            self._status = None

    def _read_mb(self) -> float:
        if self._status is not None:
            peak = PEAK.search(os.pread(self._status, 4096, 0))
            return int(peak[1]) / 1024 if peak else 0.0  # a zombie has none
        return float(self._process.memory_info().rss) / MB if self._process else 0.0


def _cap(pid: int, limit_mb: int) -> None:
    """After the start, from outside: code between fork and exec is not safe in a process with threads."""
    if sys.platform == "linux":
        most = (limit_mb + max(limit_mb, HEADROOM_MB)) * MB
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))
