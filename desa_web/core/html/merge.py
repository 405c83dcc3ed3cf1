"""Three-way merge of lists of blocks: who changed which block since they parted.

It knows blocks only as strings that are equal or not; it does not merge inside a block.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# SequenceMatcher may take quadratic time; longer texts are compared at their ends only.
_MAX_PAIRS = 4_000_000

Blocks = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that both sides changed; each side is the HTML of its blocks, maybe none."""

    base: Blocks
    ours: Blocks
    theirs: Blocks


@dataclass(frozen=True, slots=True)
class Merge:
    """The parts in order: merged HTML, or a conflict to be decided by a person."""

    parts: tuple[str | Conflict, ...]

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        return tuple(part for part in self.parts if isinstance(part, Conflict))

    @property
    def html(self) -> str | None:
        """The merged text, or None when there are conflicts."""
        if self.conflicts:
            return None
        return "".join(part for part in self.parts if isinstance(part, str))


@dataclass(frozen=True, slots=True)
class Edit:
    """base[start:end] became `new`; start == end is an insertion."""

    start: int
    end: int
    new: Blocks

    @property
    def may_reach_further(self) -> bool:
        """An edit that grew may have taken in what belongs behind or before its blocks."""
        return len(self.new) > self.end - self.start


def merged(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Merge:
    """Return the merge of two changed versions of `base`."""
    parts: list[str | Conflict] = []
    at = 0
    for start, end, our_edits, their_edits in _regions(edits(base, ours), edits(base, theirs)):
        parts += base[at:start]
        was = tuple(base[start:end])
        our_side = _applied(base, start, end, our_edits)
        their_side = _applied(base, start, end, their_edits)
        if our_side == their_side or their_side == was:
            parts += our_side
        elif our_side == was:
            parts += their_side
        else:
            parts.append(Conflict(was, our_side, their_side))
        at = end
    parts += base[at:]
    return Merge(tuple(_glued(parts)))


def edits(old: Sequence[str], new: Sequence[str]) -> list[Edit]:
    """Return what turns `old` into `new`, as small as can be told block by block."""
    start = _same_length(old, new)
    tail = _same_length(old[start:][::-1], new[start:][::-1])
    old_middle = old[start : len(old) - tail]
    new_middle = new[start : len(new) - tail]
    if not old_middle and not new_middle:
        return []
    if len(old_middle) * len(new_middle) > _MAX_PAIRS:
        return [Edit(start, start + len(old_middle), tuple(new_middle))]
    matcher = SequenceMatcher(None, old_middle, new_middle, autojunk=False)
    found: list[Edit] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        if b - a == d - c:  # the same number of blocks: each one was rewritten by itself
            found += [
                Edit(start + a + i, start + a + i + 1, (new_middle[c + i],)) for i in range(b - a)
            ]
        else:
            found.append(Edit(start + a, start + b, tuple(new_middle[c:d])))
    return found


def _same_length(one: Sequence[str], other: Sequence[str]) -> int:
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length


def _regions(
    ours: list[Edit], theirs: list[Edit]
) -> Iterator[tuple[int, int, list[Edit], list[Edit]]]:
    """Yield the places of the base that were edited, with the edits that meet there."""
    queue = sorted(
        [(edit, 0) for edit in ours] + [(edit, 1) for edit in theirs],
        key=lambda item: (item[0].start, item[0].end),
    )
    group: list[tuple[Edit, int]] = []
    for edit, side in queue:
        if group and not any(_meets(edit, other) for other, its in group if its != side):
            yield _region(group)
            group = []
        group.append((edit, side))
    if group:
        yield _region(group)


def _region(group: list[tuple[Edit, int]]) -> tuple[int, int, list[Edit], list[Edit]]:
    return (
        min(edit.start for edit, _ in group),
        max(edit.end for edit, _ in group),
        [edit for edit, side in group if side == 0],
        [edit for edit, side in group if side == 1],
    )


def _meets(one: Edit, other: Edit) -> bool:
    if one.start == one.end or other.start == other.end:
        point, area = (one, other) if one.start == one.end else (other, one)
        if area.start == area.end:
            return area.start == point.start
        if area.start < point.start < area.end:
            return True
        is_touching = point.start in (area.start, area.end)
        return is_touching and area.may_reach_further
    return max(one.start, other.start) < min(one.end, other.end)


def _applied(base: Sequence[str], start: int, end: int, found: list[Edit]) -> Blocks:
    out: list[str] = []
    at = start
    for edit in found:
        out += [*base[at : edit.start], *edit.new]
        at = edit.end
    return (*out, *base[at:end])


def _glued(parts: list[str | Conflict]) -> Iterator[str | Conflict]:
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield text
        text = ""
        yield part
    if text:
        yield text
