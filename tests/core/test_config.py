"""Options: one table for desa.toml, DESA_* and `desa config`; a wrong line gets a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from desa_web.core import config
from desa_web.core.errors import InvalidInput


def load(folder: Path, text: str, **environ: str) -> config.Config:
    file = folder / "desa.toml"
    file.write_text(text)
    return config.load(file, environ)


def test_without_a_file_every_option_has_its_default(tmp_path: Path) -> None:
    found = config.load(tmp_path / "none.toml", {})
    assert dict(found.values) == {option.name: option.default for option in config.OPTIONS}


def test_the_file_wins_over_defaults_and_the_environment_over_the_file(tmp_path: Path) -> None:
    text = 'port = 9000\nhost = "0.0.0.0"\ntrusted_proxies = ["10.0.0.1"]\nfollow = false\n'
    found = load(tmp_path, text, DESA_PORT="9001", DESA_TRUSTED_PROXIES="10.0.0.2, 10.0.0.3")
    assert found.number("port") == 9001
    assert found.text("host") == "0.0.0.0"
    assert found.names("trusted_proxies") == ("10.0.0.2", "10.0.0.3")
    assert not found.flag("follow")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("port = 'x'", "port"),
        ("port = true", "port"),
        ("follow = 1", "follow"),
        ("prot = 1", "prot"),
        ("port = ", "desa.toml"),
        ("\x00", "desa.toml"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        load(tmp_path, text)


@pytest.mark.parametrize("value", ["x", "", "1.5", "0x10"])
def test_a_wrong_variable_is_named(tmp_path: Path, value: str) -> None:
    with pytest.raises(InvalidInput, match="DESA_PORT"):
        load(tmp_path, "", DESA_PORT=value)


def test_what_is_written_can_be_read_and_keeps_all_values(tmp_path: Path) -> None:
    values: dict[str, config.Value] = {
        "base_url": 'https://"a"\\b.test',
        "port": 0,
        "follow": False,
        "trusted_proxies": ("10.0.0.1", "::1"),
    }
    file = tmp_path / "desa.toml"
    file.write_text(config.as_toml(values))
    assert config.chosen(file) == values
    found = config.load(file, {})
    assert {name: found.values[name] for name in values} == values


def test_a_new_file_shows_every_option_with_its_help() -> None:
    text = config.as_toml({})
    for option in config.OPTIONS:
        assert option.help in text
        assert f"# {option.name} = " in text
