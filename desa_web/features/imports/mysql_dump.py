"""Rows of a MySQL dump (mysqldump, phpMyAdmin), as a stream; nothing of it is executed.

    for table, row in rows(Path("opensid.sql.gz"), wanted={"artikel", "kategori"}): row["judul"]

Only CREATE TABLE (for the order of the columns) and INSERT or REPLACE of wanted tables are
understood; every other statement is stepped over, whatever it says. Memory is bounded by the
longest value, not by the file or its lines.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from desa_web.core.i18n import _
from desa_web.engines.feeds.reading.encoding import decoded
from desa_web.features.imports.item import SourceUnreadable

Row = Mapping[str, str]

_CHUNK = 1 << 18
# A value as long as this is no text of a village.
_MAX_VALUE = 32 << 20
# A gz file of a few MB can hold any amount.
_MAX_TOTAL = 8 << 30
_SPACE = re.compile(
    rb"(?:[ \t\r\n]++|--(?=[ \t\r\n])[^\n]*+(?:\n|\Z)|#[^\n]*+(?:\n|\Z)|/\*(?!!).*?\*/)*+",
    re.DOTALL,
)
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_$]*+|`(?:[^`]|``)*+`")
# A piece of a statement in which no ";" ends it.
_STEP = re.compile(
    rb"(?:[^;'\"`/#-]++|'(?:[^'\\]++|\\.|'')*+'|\"(?:[^\"\\]++|\\.|\"\")*+\"|`[^`]*+`"
    rb"|/\*.*?\*/|/(?!\*|\Z)|--[ \t\r\n][^\n]*+\n|--(?![ \t\r\n]|\Z)|-(?!-|\Z)|#[^\n]*+\n)*+",
    re.DOTALL,
)
_VALUE = re.compile(
    rb"(?:_[a-z0-9]+\s*)?'((?:[^'\\]++|\\.|'')*+)'|\"((?:[^\"\\]++|\\.|\"\")*+)\""
    rb"|(NULL)\b|0x([0-9A-Fa-f]++)|[xX]'([0-9A-Fa-f]*+)'|([-+]?[0-9][0-9.eE+-]*+)|(TRUE|FALSE)\b"
    rb"|b'[01]*+'|(?:CURRENT_TIMESTAMP|NOW)(?:\(\))?",
    re.DOTALL | re.IGNORECASE,
)
# What may be the beginning of a value that goes on behind the window.
_OPEN = frozenset(b"'\"`_/-#xX0")
_DELIMITER = re.compile(rb"\n\s*DELIMITER\s+;[ \t\r]*(?=\n|\Z)", re.IGNORECASE)
_ESCAPE = re.compile(rb"\\(.)|''|\"\"", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"0": b"", b"b": b"", b"Z": b""}
_NAMES = re.compile(r"SET\s+NAMES\s+'?([A-Za-z0-9_]+)", re.IGNORECASE)
_NO_COLUMN = frozenset({"PRIMARY", "KEY", "UNIQUE", "CONSTRAINT", "INDEX", "FULLTEXT", "FOREIGN"})
_CODECS = {"latin1": "cp1252", "utf8": "utf-8", "utf8mb3": "utf-8", "utf8mb4": "utf-8"}
# UTF-8 that was read as Windows-1252 once stands in such runs ("Ã©" for "é").
_WINDOWS = {bytes([n]).decode("cp1252", "ignore") or chr(n): n for n in range(128, 256)}
_TWICE = re.compile(f"[{''.join(map(re.escape, _WINDOWS))}]{{2,}}")


def rows(file: Path, wanted: Collection[str]) -> Iterator[tuple[str, Row]]:
    """Yield (table, row) of the wanted tables; NULL is "". Raises SourceUnreadable."""
    with _opened(file) as stream:
        yield from _Dump(stream, file.name, wanted).rows()


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    with file.open("rb") as plain:
        is_packed = plain.read(2) == b"\x1f\x8b"
        plain.seek(0)
        if not is_packed:
            yield plain
            return
        with gzip.open(plain) as unpacked:
            yield cast(BinaryIO, unpacked)


class _Dump:
    """A window of bytes over the file that moves on with what was understood."""

    def __init__(self, stream: BinaryIO, name: str, wanted: Collection[str]) -> None:
        self._stream = stream
        self._name = name
        self._wanted = frozenset(wanted)
        self._data = b""
        self._at = 0
        self._total = 0
        self._is_end = False
        self._columns: dict[str, list[str]] = {}
        self._charset = ""

    def rows(self) -> Iterator[tuple[str, Row]]:
        while True:
            self._take(_SPACE)
            if not self._more(1):
                return
            verb = self._word().upper()
            if verb in ("INSERT", "REPLACE"):
                yield from self._insert()
            elif verb == "CREATE":
                self._create()
            elif verb == "DELIMITER":
                self._after_routine()
            else:
                if verb in ("SET", ""):
                    self._note_charset()
                self._end_of_statement()

    def _insert(self) -> Iterator[tuple[str, Row]]:
        word = ""
        while word.upper() in ("", "INTO", "IGNORE", "LOW_PRIORITY", "DELAYED"):
            word = self._next_word()
            if not word:
                self._end_of_statement()
                return
        table = word.lower()
        if self._peek() == b".":
            self._at += 1
            table = self._next_word().lower()
        if table not in self._wanted:
            self._end_of_statement()
            return
        columns = self._named_columns() if self._peek() == b"(" else self._columns.get(table, [])
        if self._next_word().upper() not in ("VALUES", "VALUE") or not columns:
            self._end_of_statement()
            return
        while self._peek() == b"(":
            values = self._tuple()
            yield table, dict(zip(columns, values, strict=False))
            if self._peek() == b",":
                self._at += 1
        self._end_of_statement()

    def _tuple(self) -> list[str]:
        self._at += 1
        found: list[str] = []
        while True:
            if self._peek() == b")":
                self._at += 1
                return found
            found.append(self._value())
            mark = self._peek()
            if mark == b",":
                self._at += 1
            elif mark != b")":
                raise self._damaged()

    def _value(self) -> str:
        match = self._match(_VALUE)
        if match is None:
            raise self._damaged()
        self._at = match.end()
        quoted = match[1] if match[1] is not None else match[2]
        if quoted is not None:
            return self._text(_ESCAPE.sub(_unescaped, quoted))
        if match[4] or match[5]:
            digits = match[4] or match[5]
            return self._text(bytes.fromhex(digits.decode() if len(digits) % 2 == 0 else ""))
        if match[6]:
            return match[6].decode()
        return "1" if match[7] and match[7].upper() == b"TRUE" else ""

    def _text(self, data: bytes) -> str:
        text = decoded(data, _CODECS.get(self._charset, self._charset)).replace("\x00", "")
        return text if text.isascii() else _TWICE.sub(_once, text)

    def _create(self) -> None:
        """Note the columns of a wanted table in their order."""
        word = self._next_word().upper()
        while word in ("TABLE", "IF", "NOT", "EXISTS", "TEMPORARY"):
            word = self._next_word()
            if word.upper() not in ("IF", "NOT", "EXISTS", "TABLE"):
                break
        table = word.lower()
        if table not in self._wanted or self._peek() != b"(":
            self._end_of_statement()
            return
        self._at += 1
        columns: list[str] = []
        while name := self._next_word(as_written=True):
            if name.startswith("`") or name.upper() not in _NO_COLUMN:
                columns.append(name.strip("`").lower())
            if not self._next_column():
                break
        self._columns[table] = columns
        self._end_of_statement()

    def _next_column(self) -> bool:
        """Step over a column's type to the comma after it; False at the closing bracket."""
        depth = 0
        while self._more(1):
            mark = self._peek()
            if mark in (b"'", b'"'):
                self._value()
                continue
            if mark == b"`":
                self._next_word()
                continue
            if mark == b";":
                return False
            self._at += 1
            if mark == b"(":
                depth += 1
            elif mark == b")":
                if depth == 0:
                    return False
                depth -= 1
            elif mark == b"," and depth == 0:
                return True
        return False

    def _named_columns(self) -> list[str]:
        self._at += 1
        found = []
        while name := self._next_word():
            found.append(name.lower())
            if self._peek() != b",":
                break
            self._at += 1
        if self._peek() != b")":
            raise self._damaged()
        self._at += 1
        return found

    def _end_of_statement(self) -> None:
        """Step over the rest of the statement, in pieces of the window."""
        while True:
            match = _STEP.match(self._data, self._at)
            end = match.end() if match else self._at
            self._at = end
            if self._data[end : end + 1] == b";":
                self._at = end + 1
                return
            left = len(self._data) - end
            if left > _MAX_VALUE:
                raise self._damaged()
            if not self._grow(max(_CHUNK, left)):
                self._at = len(self._data)
                return

    def _note_charset(self) -> None:
        """See which letters the dump is written in: SET NAMES, also in a comment for MySQL."""
        self._more(200)
        names = _NAMES.search(self._data[self._at : self._at + 200].decode("latin-1"))
        if names:
            self._charset = names[1].lower()

    def _after_routine(self) -> None:
        """Step over triggers and routines: between DELIMITER lines ";" ends nothing."""
        while (match := _DELIMITER.search(self._data, self._at)) is None:
            self._at = max(self._at, len(self._data) - 100)
            if not self._grow():
                self._at = len(self._data)
                return
        self._at = match.end()

    def _next_word(self, *, as_written: bool = False) -> str:
        self._take(_SPACE)
        return self._word(as_written=as_written)

    def _word(self, *, as_written: bool = False) -> str:
        match = self._match(_WORD)
        if match is None:
            return ""
        self._at = match.end()
        word = match[0].decode("utf-8", "replace")
        return word if as_written else word.strip("`")

    def _peek(self) -> bytes:
        self._take(_SPACE)
        return self._data[self._at : self._at + 1] if self._more(1) else b""

    def _take(self, pattern: re.Pattern[bytes]) -> None:
        match = self._match(pattern)
        if match is not None:
            self._at = match.end()

    def _match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Match here; what touches the end of the window is tried again with more of the file."""
        while True:
            # "-" may be the first half of "--", and "/" of "/*".
            self._more(4)
            match = pattern.match(self._data, self._at)
            left = len(self._data) - self._at
            if match is not None and match.end() < len(self._data):
                return match
            if match is None and left > 64 and self._data[self._at] not in _OPEN:
                return None
            if left > _MAX_VALUE:
                raise self._damaged()
            if not self._grow(max(_CHUNK, left)):
                return match

    def _more(self, size: int) -> bool:
        """Have `size` bytes in the window, or what the file still has; False at its end."""
        while len(self._data) - self._at < size:
            if not self._grow():
                return len(self._data) > self._at
        return True

    def _grow(self, size: int = _CHUNK) -> bool:
        """Read on; what was understood falls out of the window."""
        if self._is_end:
            return False
        try:
            data = self._stream.read(size)
        except (OSError, EOFError, gzip.BadGzipFile) as error:
            raise self._damaged() from error
        self._total += len(data)
        if self._total > _MAX_TOTAL:
            raise self._damaged()
        self._is_end = not data
        self._data = self._data[self._at :] + data
        self._at = 0
        return bool(data)

    def _damaged(self) -> SourceUnreadable:
        sentence = _("{file} terpotong atau rusak. Buat lagi dengan mysqldump atau phpMyAdmin.")
        return SourceUnreadable(sentence.format(file=self._name))


def _unescaped(match: re.Match[bytes]) -> bytes:
    letter = match[1]
    if letter is None:
        return match[0][:1]
    return _ESCAPED.get(letter, letter)


def _once(match: re.Match[str]) -> str:
    try:
        return bytes(_WINDOWS[letter] for letter in match[0]).decode()
    except UnicodeDecodeError:
        return match[0]
