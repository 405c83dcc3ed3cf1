"""The command `desa`: parses, finds the command lazily, maps every refusal to sentence and code.

Commands come from the table below and from the features; their modules are imported when they are
needed and import services inside the command, so that `desa --help` stays quick.
"""

from __future__ import annotations

import logging
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from desa_web import __version__
from desa_web.cli import indonesian
from desa_web.core.console import Console, Stopped
from desa_web.core.errors import DesaError, ReadOnly, storage_error
from desa_web.core.i18n import _
from desa_web.core.registry import resolve

if TYPE_CHECKING:
    from desa_web.core.actor import Actor
    from desa_web.core.site import Site

log = logging.getLogger(__name__)
indonesian.speak()

COMMANDS = {
    "init": "desa_web.cli.site:init",
    "demo": "desa_web.cli.demo:demo",
    "serve": "desa_web.cli.site:serve",
    "follow": "desa_web.cli.site:follow",
    "backup": "desa_web.cli.backup:backup",
    "upgrade": "desa_web.cli.backup:upgrade",
    "config": "desa_web.cli.config:config",
    "doctor": "desa_web.cli.doctor:doctor",
    "theme": "desa_web.cli.theme:theme",
}
EXIT_USAGE, EXIT_INTERRUPTED, EXIT_BUG = 2, 130, 70


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 ok, 1 refused, 2 usage, 75 try again later."""
    try:
        args = None if arguments is None else list(arguments)
        code = root.main(args=args, prog_name="desa", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.NoSuchOption) and error.option_name in ("--site", "--as"):
            sentence = _("{option} ditulis sebelum perintahnya: desa {option} … PERINTAH")
            _complain(sentence.format(option=error.option_name))
        return EXIT_USAGE
    except Stopped as stop:
        _complain(stop.sentence)
        return EXIT_INTERRUPTED
    except (click.Abort, KeyboardInterrupt):
        _complain(_("Dibatalkan."))
        return EXIT_INTERRUPTED
    except Exception as error:
        return _refused(error)
    return code if isinstance(code, int) else 0


class LazyGroup(click.Group):
    """The top group: names are known at once, modules are imported when asked for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _json_first(args))

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_known_commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        dotted = _known_commands().get(cmd_name)
        if dotted is None:
            return None
        command: click.Command = resolve(dotted)
        indonesian.name_arguments(command)
        return command


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Contoh:  desa init situs   ·   desa --site situs serve   ·   desa --site situs doctor",
)
@click.option(
    "--site", "site_path", metavar="FOLDER", type=click.Path(path_type=Path), help="Folder situs."
)
@click.option("--as", "as_user", metavar="PENGGUNA", help="Bertindak sebagai pengguna ini.")
@click.option(
    "--json", "is_json", is_flag=True, help="Hasil sebagai JSON; boleh juga ditulis di belakang."
)
@click.version_option(__version__, "--version", message="desa-web %(version)s")
@click.pass_context
def root(ctx: click.Context, site_path: Path | None, as_user: str | None, is_json: bool) -> None:
    """desa: situs web dan media kit desa, tetap jalan tanpa internet."""
    ctx.obj = Console(site_path, as_user, is_json, _find_actor)


def _json_first(args: list[str]) -> list[str]:
    """Let --json stand anywhere before "--": scripts write it last, `desa sync status --json`."""
    end = args.index("--") if "--" in args else len(args)
    if "--json" not in args[:end]:
        return args
    return ["--json", *(word for word in args[:end] if word != "--json"), *args[end:]]


def _known_commands() -> dict[str, str]:
    from desa_web.features import FEATURES

    found = dict(COMMANDS)
    for feature in FEATURES:
        found.update(feature.commands)
    return found


def _find_actor(site: Site, login: str) -> Actor:
    from desa_web.features.accounts import service

    return service.actor_of(site, login, via="cli")


def _refused(error: Exception) -> int:
    if isinstance(error, PermissionError) and error.filename:
        sentence = _(
            "{file} tidak boleh dibaca atau ditulisi oleh pengguna komputer ini. Jalankan sebagai "
            "pemilik foldernya (lihat: ls -ld {file}), atau pilih tempat lain."
        )
        _complain(sentence.format(file=error.filename))
        return ReadOnly.exit_code
    known = error if isinstance(error, DesaError) else storage_error(error)
    if known is not None:
        _complain(known.message)
        return known.exit_code
    number = secrets.token_hex(4)
    log.error("bug %s", number, exc_info=error)
    _complain(
        _(
            "Ada kesalahan di program (nomor {number}). Laporkan nomor ini beserta catatan di atas."
        ).format(number=number)
    )
    return EXIT_BUG


def _complain(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201 - this is the terminal
