"""click in Indonesian: its sentences by a catalogue, its placeholders by a formatter.

click takes its words from gettext through the name `_` of each of its modules; which language
that gives hangs on the machine's locale. Here they come from the table below on every machine. A
sentence that is not in the table stays as click wrote it; tests/cli/test_usage.py names those.
Our own commands speak Indonesian themselves.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable

import click

_MODULES = (
    "core", "decorators", "exceptions", "formatting", "parser", "termui", "types",
)  # fmt: skip
# click's sentence → ours. Fields in braces are click's; one that says nothing here may be left out.
WORDS = {
    # Help
    "Usage:": "Pemakaian:",
    "Options": "Pilihan",
    "Commands": "Perintah",
    "Positional arguments": "Isian",
    "Show this message and exit.": "Tampilkan penjelasan ini.",
    "Show the version and exit.": "Tampilkan versi program.",
    "Try '{command} {option}' for help.": "Lihat caranya: {command} {option}",
    "default: {default}": "bawaan: {default}",
    "env var: {var}": "variabel: {var}",
    "required": "harus ada",
    "(dynamic)": "(dihitung)",
    "deprecated": "akan dihapus",
    "%(prog)s, version %(version)s": "%(prog)s, versi %(version)s",
    # What is missing, too much, or not known
    "Error: {message}": "{message}",
    "Missing command.": "Perintahnya belum disebut.",
    "Missing argument": "Belum ditulis:",
    "Missing option": "Belum ditulis:",
    "Missing parameter": "Belum ditulis:",
    "Missing {param_type}": "Belum ditulis:",
    "Missing parameter: {param_name}": "Belum ditulis: {param_name}",
    "No such command {name!r}.": "Perintah {name!r} tidak ada.",
    "No such option {name!r}.": "Pilihan {name!r} tidak ada.",
    "No such option: {name}": "Pilihan {name!r} tidak ada.",
    "Did you mean {possibility}?": "Mungkin maksudnya {possibility}?",
    "(Did you mean one of: {possibilities}?)": "Mungkin maksudnya {possibilities}?",
    "(Possible options: {possibilities})": "Mungkin maksudnya {possibilities}?",
    "Got unexpected extra argument ({args})": "Kelebihan kata: {args}. Nama yang memuat spasi "
    "ditulis di antara tanda kutip.",
    "Got unexpected extra arguments ({args})": "Kelebihan kata: {args}. Nama yang memuat spasi "
    "ditulis di antara tanda kutip.",
    "Argument {name!r} takes {nargs} values.": "{name} perlu {nargs} isian.",
    "Takes {nargs} values but 1 was given.": "Perlu {nargs} isian, baru ada 1.",
    "Takes {nargs} values but {len} were given.": "Perlu {nargs} isian, yang ditulis {len}.",
    "{len_type} values are required, but {len_value} was given.": "Perlu {len_type} isian, baru "
    "ada {len_value}.",
    "{len_type} values are required, but {len_value} were given.": "Perlu {len_type} isian, yang "
    "ditulis {len_value}.",
    "Option {name!r} requires an argument.": "Pilihan {name!r} perlu isian di belakangnya.",
    "Option {name!r} requires {nargs} arguments.": "Pilihan {name!r} perlu {nargs} isian di "
    "belakangnya.",
    "Option {name!r} does not take a value.": "Pilihan {name!r} ditulis tanpa isian.",
    # A value that cannot be
    "Invalid value: {message}": "{message}",
    "Invalid value for {param_hint}: {message}": "Isian {param_hint}: {message}",
    "Choose from:\n\t{choices}": "Pilih salah satu:\n\t{choices}",
    "{value!r} is not {choice}.": "{value!r} bukan {choice}.",
    "{value!r} is not one of {choices}.": "{value!r} tidak dikenal. Pilih salah satu: {choices}.",
    "{value!r} is not a valid {number_type}.": "{value!r} bukan angka. Tulis angka saja, "
    "misalnya 10.",
    "{value!r} is not a valid boolean. Recognized values: {states}": "{value!r} tidak dikenal. "
    "Tulis yes atau no.",
    "{value!r} is not a valid boolean.": "{value!r} tidak dikenal. Tulis yes atau no.",
    "{value!r} is not a valid UUID.": "{value!r} bukan nomor id yang utuh.",
    "{value} is not in the range {range}.": "{value} di luar batas. Tulis {range}.",
    "{value!r} does not match the format {format}.": "{value!r} bukan tanggal. Tulis seperti "
    "2026-11-22.",
    "{value!r} does not match the formats {formats}.": "{value!r} bukan waktu yang dikenal. Tulis "
    "seperti 2026-11-22.",
    "Value must be an iterable.": "Perlu lebih dari satu isian.",
    # Files and folders
    "file": "berkas",
    "directory": "folder",
    "path": "tempat",
    "{name} {filename!r} does not exist.": "{name} {filename!r} tidak ada. Periksa ejaan dan "
    "foldernya.",
    "{name} {filename!r} is a file.": "{filename!r} adalah berkas; yang diminta folder.",
    "{name} {filename!r} is a directory.": "{filename!r} adalah folder; yang diminta berkas.",
    "{name} '{filename}' is a directory.": "{filename!r} adalah folder; yang diminta berkas.",
    "{name} {filename!r} is not readable.": "{name} {filename!r} tidak boleh dibaca. Periksa "
    "izinnya dengan: ls -l",
    "{name} {filename!r} is not writable.": "{name} {filename!r} tidak boleh ditulisi. Periksa "
    "izinnya dengan: ls -l",
    "{name} {filename!r} is not executable.": "{name} {filename!r} tidak boleh dijalankan. "
    "Periksa izinnya dengan: ls -l",
    "Could not open file {filename!r}: {message}": "Berkas {filename!r} tidak bisa dibuka: "
    "{message}",
    "unknown error": "sebabnya tidak diketahui",
    # Questions
    "Repeat for confirmation": "Ulangi sekali lagi",
    "Error: The two entered values do not match.": "Kedua ketikan tidak sama. Ketik lagi.",
    "Error: The value you entered was invalid.": "Isian itu tidak bisa dipakai. Ketik lagi.",
    "Error: invalid input": "Jawab y (ya) atau n (tidak).",
    "Error: {e.message}": "{e.message}",
    "Do you want to continue?": "Lanjutkan?",
    "Confirm the action without prompting.": "Jangan bertanya.",
    "Press any key to continue...": "Tekan tombol apa saja untuk melanjutkan …",
    "Aborted!": "Dibatalkan.",
}  # fmt: skip
# What click says outside of gettext: placeholders of commands and of kinds of values.
_PLACEHOLDERS = (
    ("COMMAND [ARGS]...", "PERINTAH …"),
    ("[OPTIONS]", "[PILIHAN]"),
    ("INTEGER RANGE", "ANGKA"),
    ("INTEGER", "ANGKA"),
    ("FLOAT", "ANGKA"),
    ("TEXT", "TEKS"),
    ("[%Y-%m-%d]", "TANGGAL"),
    ("[|", "["),
)
# What stands for an argument in the usage line, by its name in the code.
_ARGUMENTS = {
    "address": "ALAMAT", "article": "BERITA", "at": "WAKTU", "code": "KODE",
    "deputy": "PENGGANTI", "file": "BERKAS", "files": "BERKAS", "giver": "PEMBERI", "ids": "ID",
    "invitation": "UNDANGAN", "item_id": "ID", "login": "PENGGUNA", "name": "NAMA",
    "path": "BERKAS|FOLDER", "photos": "FOTO", "role": "PERAN", "target": "TUJUAN",
    "value": "NILAI", "words": "KATA",
}  # fmt: skip
_EXAMPLES = "Contoh:"
_BETWEEN = re.compile(r"(-?\d+)<=x<=(-?\d+)")
_ONE_SIDED = re.compile(r"x([<>]=?)(-?\d+)")
_SIDES = {
    ">=": "{} atau lebih",
    "<=": "{} atau kurang",
    ">": "lebih dari {}",
    "<": "kurang dari {}",
}


def speak() -> None:
    """Let click speak Indonesian in this process; to be called before commands are made."""
    for name in _MODULES:
        module = importlib.import_module(f"click.{name}")
        for word, said in (("_", _one), ("ngettext", _counted)):
            if hasattr(module, word):
                setattr(module, word, said)
    click.Context.formatter_class = Formatter


def name_arguments(command: click.Command) -> None:
    """Give the arguments of a command, and of those below it, Indonesian names."""
    for param in command.params:
        if isinstance(param, click.Argument) and param.metavar is None:
            word = _ARGUMENTS.get(param.name or "")
            if word is not None:
                word += " …" if param.nargs == -1 else ""
                param.metavar = word if param.required else f"[{word}]"
    if isinstance(command, click.Group):
        for below in command.commands.values():
            name_arguments(below)


class Formatter(click.HelpFormatter):
    """Help in Indonesian where click has its words in the code."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, _placed(args), prefix)

    def write_text(self, text: str) -> None:
        """Write a paragraph; examples stand one on a line, so that they can be copied."""
        if not text.startswith(_EXAMPLES):
            super().write_text(text)
            return
        self.write(f"{'':>{self.current_indent}}{_EXAMPLES}\n")
        for example in text.removeprefix(_EXAMPLES).split("·"):
            self.write(f"{'':>{self.current_indent + 2}}{example.strip()}\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        said = [(_placed(term), _ranges(about)) for term, about in rows]
        super().write_dl(said, col_max, col_spacing)


def _one(msgid: str) -> str:
    said = WORDS.get(msgid, msgid)
    return _Range(said) if "{range}" in msgid else said


def _counted(one: str, many: str, n: int) -> str:
    return _one(one if n == 1 else many)


class _Range(str):
    """A sentence with a range: click fills in 1<=x<=100, people read "1 sampai 100"."""

    __slots__ = ()

    def format(self, *args: object, **fields: object) -> str:
        return _ranges(super().format(*args, **fields))


def _placed(text: str) -> str:
    for theirs, ours in _PLACEHOLDERS:
        text = text.replace(theirs, ours)
    return text


def _ranges(text: str) -> str:
    text = _BETWEEN.sub(r"\1 sampai \2", text)
    return _ONE_SIDED.sub(lambda found: _SIDES[found[1]].format(found[2]), text)
