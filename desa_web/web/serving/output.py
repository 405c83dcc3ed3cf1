"""What waits for a slow reader, in constant memory. Reading and sending are the channel's work."""

from typing import BinaryIO

_BLOCK = 1 << 18


class Tail:
    """What is left of an answer: a view on shared bytes or an open file, so O(1) memory."""

    def __init__(self, source: bytes | BinaryIO, start: int, end: int) -> None:
        self.source = source
        self.start = start
        self.end = end

    def __len__(self) -> int:
        return self.end - self.start

    def get(self, numbytes: int = -1, skip: bool = False) -> bytes | memoryview:
        count = min(numbytes if numbytes > 0 else _BLOCK, _BLOCK, len(self))
        if isinstance(self.source, bytes):
            return memoryview(self.source)[self.start : self.start + count]
        self.source.seek(self.start)
        block = self.source.read(count)
        if not block:
            raise OSError("a file shrank while it was being sent")
        return block

    def skip(self, numbytes: int, allow_prune: bool = False) -> None:
        self.start += numbytes

    def close(self) -> None:
        if not isinstance(self.source, bytes):
            self.source.close()
        self.source, self.start, self.end = b"", 0, 0
