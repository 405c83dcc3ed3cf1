"""Pairing at the hub: codes, words, files; what a wrong, late, lying or patient guest gets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from desa_web.core.actor import Role, operator
from desa_web.core.errors import Conflict, DesaError, Forbidden, InvalidInput, TooMany
from desa_web.core.site import Site
from desa_web.engines.sync.words import WORDS
from desa_web.features.hub import pairing, push, sources
from desa_web.features.hub.pairing import WrongCode
from desa_web.features.hub.pairing_rows import Pairing, State
from desa_web.features.hub.push import NotPaired, Paused
from desa_web.features.hub.source import Source
from desa_web.features.sync import hubs
from desa_web.features.sync import pairing as village_side
from tests.harness.hub import Desa, make_hub
from tests.harness.pairing import Guest, follow, pair
from tests.harness.site import actor_as, clock_of

MINUTE_S = 60.0


@pytest.fixture(autouse=True)
def log_begun(hub: Site) -> None:
    follow(hub)


def invited(hub: Site) -> Pairing:
    return pairing.invite(operator(hub), "Desa Sukamaju")


@pytest.mark.both_databases
def test_both_see_four_words_and_an_officer_lets_the_village_in(hub: Site, desa: Desa) -> None:
    made = invited(hub)
    assert len(made.code) == 8
    guest = Guest.of(desa.site)
    guest.greet(hub, made.code)
    assert guest.answer(hub) == "answered"
    assert guest.answer(hub) == "answered", "an answer whose reply was lost is sent again"
    seen = pairing.find(hub, made.id)
    assert seen.words == guest.words
    assert len(seen.words.split()) == 4
    assert (seen.name, seen.code, seen.state) == ("Desa Sukamaju", "", State.ANSWERED)
    assert pairing.waiting_count(operator(hub)) == 1
    with pytest.raises(NotPaired):
        push.admit(hub, guest.token)
    source_id = pairing.confirm(actor_as(hub, Role.OFFICER), made.id)
    assert guest.ask(hub) == "confirmed"
    source = push.admit(hub, guest.token)
    assert (source.id, source.site, source.is_confirmed) == (source_id, desa.log_name, True)
    with pytest.raises(Conflict):
        pairing.confirm(operator(hub), made.id)


def test_the_words_are_256_and_none_is_a_letter_away_from_another() -> None:
    assert len(set(WORDS)) == 256
    near = [(a, b) for i, a in enumerate(WORDS) for b in WORDS[i + 1 :] if is_near(a, b)]
    assert near == []
    assert all(word.isascii() and word.islower() and len(word) <= 9 for word in WORDS)


def is_near(a: str, b: str) -> bool:
    if len(a) > len(b):
        a, b = b, a
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True)) == 1
    return len(b) == len(a) + 1 and any(b[:i] + b[i + 1 :] == a for i in range(len(b)))


@pytest.mark.both_databases
def test_five_wrong_codes_then_a_quarter_of_an_hour(hub: Site, desa: Desa) -> None:
    made = invited(hub)
    guest, wrong = Guest.of(desa.site), other_code(made.code)
    for _try in range(5):
        with pytest.raises(WrongCode):
            guest.greet(hub, wrong)
    for _try in range(3):
        with pytest.raises(TooMany) as refused:
            guest.greet(hub, made.code)
        assert refused.value.retry_after_s == 900
    # Somebody else is not kept out by that.
    Guest.of(desa.site).greet(hub, made.code, client="10.0.0.2")
    clock_of(hub).advance(seconds=14 * MINUTE_S)
    with pytest.raises(TooMany):
        guest.greet(hub, made.code)
    clock_of(hub).advance(seconds=2 * MINUTE_S)
    fresh = invited(hub)
    guest.greet(hub, fresh.code)
    assert guest.answer(hub) == "answered"


def test_a_right_code_forgives_the_wrong_ones_before(hub: Site, desa: Desa) -> None:
    guest = Guest.of(desa.site)
    for _round in range(3):
        made = invited(hub)
        for _try in range(4):
            with pytest.raises(WrongCode):
                guest.greet(hub, other_code(made.code))
        guest.greet(hub, made.code)


def test_many_guessers_together_are_stopped(hub: Site, desa: Desa) -> None:
    made = invited(hub)
    guest = Guest.of(desa.site)
    for n in range(200):
        with pytest.raises(WrongCode):
            guest.greet(hub, other_code(made.code), client=f"10.1.{n // 250}.{n % 250}")
    with pytest.raises(TooMany):
        guest.greet(hub, made.code, client="10.9.9.9")
    clock_of(hub).advance(seconds=16 * MINUTE_S)
    guest.greet(hub, invited(hub).code, client="10.9.9.9")


def other_code(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08d}"


def test_a_code_is_good_for_a_quarter_of_an_hour_and_for_one_village(hub: Site, desa: Desa) -> None:
    late, used = invited(hub), invited(hub)
    guest = Guest.of(desa.site)
    guest.greet(hub, used.code)
    guest.answer(hub)
    with pytest.raises(WrongCode):
        Guest.of(desa.site).greet(hub, used.code)
    clock_of(hub).advance(seconds=15 * MINUTE_S)
    with pytest.raises(WrongCode):
        Guest.of(desa.site).greet(hub, late.code, client="10.0.0.3")
    # The village that had answered in time is confirmed when the officer comes back from lunch.
    clock_of(hub).advance(seconds=60 * MINUTE_S)
    assert pairing.confirm(operator(hub), used.id)


def test_an_answer_after_the_time_is_too_late(hub: Site, desa: Desa) -> None:
    made = invited(hub)
    guest = Guest.of(desa.site)
    guest.greet(hub, made.code)
    clock_of(hub).advance(seconds=15 * MINUTE_S)
    with pytest.raises(WrongCode):
        guest.answer(hub)
    assert guest.ask(hub) == "refused"


def test_a_clock_set_back_gives_no_invitation_more_time(hub: Site, desa: Desa) -> None:
    made = invited(hub)
    clock_of(hub).set(0)
    with pytest.raises(WrongCode):
        Guest.of(desa.site).greet(hub, made.code)


def test_a_lost_first_answer_is_asked_for_again(hub: Site, desa: Desa) -> None:
    made = invited(hub)
    first, second = Guest.of(desa.site), Guest.of(desa.site)
    first.greet(hub, made.code)
    second.greet(hub, made.code)
    with pytest.raises(WrongCode):
        first.answer(hub)
    assert second.answer(hub) == "answered"


def test_somebody_in_between_is_seen_in_the_words(hub: Site, desa: Desa, tmp_path: Path) -> None:
    """The liar shows the village a hub of his own and the hub a village of his own."""
    liar = make_hub(tmp_path / "pembohong")
    follow(liar)
    made = invited(hub)
    with liar.bound():
        trap = pairing.invite(operator(liar))
    victim, impostor = Guest.of(desa.site), Guest.of(Desa.make(tmp_path / "palsu").site)
    victim.greet(liar, trap.code)
    impostor.greet(hub, made.code)
    victim.answer(liar)
    assert impostor.answer(hub) == "answered"
    assert victim.words != pairing.find(hub, made.id).words
    pairing.refuse(operator(hub), made.id)
    assert impostor.ask(hub) == "refused"
    with pytest.raises(NotPaired):
        push.admit(hub, impostor.token)
    liar.close()


def test_a_number_chosen_after_hearing_ours_is_refused(hub: Site, desa: Desa) -> None:
    made = invited(hub)
    guest = Guest.of(desa.site)
    guest.greet(hub, made.code)
    guest.nonce = "0" * 32
    with pytest.raises(InvalidInput):
        guest.answer(hub)
    assert pairing.find(hub, made.id).state is State.GREETED


def test_a_card_or_a_signature_of_another_key_is_refused(
    hub: Site, desa: Desa, tmp_path: Path
) -> None:
    made = invited(hub)
    other = Guest.of(Desa.make(tmp_path / "lain").site)
    guest = Guest.of(desa.site)
    guest.card = replace(guest.card, site=other.card.site)
    with pytest.raises(InvalidInput):
        guest.greet(hub, made.code)
    thief = Guest.of(desa.site)
    thief.key = SigningKey.generate()
    thief.greet(hub, made.code)
    with pytest.raises(InvalidInput):
        thief.answer(hub)
    renamed = Guest.of(desa.site)
    renamed.greet(hub, made.code)
    renamed.card = replace(renamed.card, name="Desa Lain")
    with pytest.raises(InvalidInput):
        renamed.answer(hub)


@pytest.mark.parametrize(
    "broken",
    [
        {}, {"code": 12345678}, {"code": "1234567x"}, {"village": []}, {"village": {"keys": 1}},
        {"token_hash": "x"}, {"commitment": None},
    ],
)  # fmt: skip
def test_a_greeting_that_is_none_is_refused(
    hub: Site, desa: Desa, broken: dict[str, object]
) -> None:
    made = invited(hub)
    message = Guest.of(desa.site).greeting(made.code) | broken if broken else {}
    with pytest.raises(InvalidInput):
        pairing.greet(hub, "10.0.0.1", message)
    assert pairing.find(hub, made.id).state is State.OPEN


def test_only_the_officer_and_the_admin_invite_and_confirm(hub: Site, desa: Desa) -> None:
    made = invited(hub)
    guest = Guest.of(desa.site)
    guest.greet(hub, made.code)
    guest.answer(hub)
    for role in (Role.EDITOR, Role.APPROVER, Role.REPORTER):
        actor = actor_as(hub, role)
        for deed in (
            lambda a=actor: pairing.invite(a),
            lambda a=actor: pairing.confirm(a, made.id),
            lambda a=actor: pairing.refuse(a, made.id),
            lambda a=actor: pairing.take_reply(a, b"{}"),
        ):
            with pytest.raises(Forbidden):
                deed()


@pytest.mark.both_databases
def test_paired_again_the_village_is_the_same_source_with_a_new_token(
    hub: Site, desa: Desa
) -> None:
    first, old = pair(hub, desa.site)
    second, new = pair(hub, desa.site)
    assert first == second
    assert push.admit(hub, new).id == first
    with pytest.raises(NotPaired):
        push.admit(hub, old)


def test_a_village_that_was_added_by_its_address_is_that_source(hub: Site, desa: Desa) -> None:
    source: Source = desa.known_to(hub)
    assert pair(hub, desa.site)[0] == source.id


def test_a_village_with_a_new_key_succeeds_the_source_it_was_invited_as(
    hub: Site, desa: Desa, tmp_path: Path
) -> None:
    source_id, old = pair(hub, desa.site)
    again = Desa.make(tmp_path / "baru")
    made = pairing.invite(operator(hub), source_id=source_id)
    guest = Guest.of(again.site)
    guest.greet(hub, made.code)
    guest.answer(hub)
    assert pairing.confirm(operator(hub), made.id) == source_id
    assert push.admit(hub, guest.token).site == again.log_name
    with pytest.raises(NotPaired):
        push.admit(hub, old)
    again.site.close()


def test_a_revoked_or_paused_village_is_told_so(hub: Site, desa: Desa) -> None:
    source_id, token = pair(hub, desa.site)
    sources.pause(operator(hub), source_id)
    with pytest.raises(Paused):
        push.admit(hub, token)
    sources.resume(operator(hub), source_id)
    pairing.revoke(operator(hub), source_id)
    for wrong in (token, "", "x" * 43):
        with pytest.raises(NotPaired):
            push.admit(hub, wrong)
    with pytest.raises(DesaError):
        pairing.revoke(operator(hub), source_id)


def test_the_hub_keeps_no_token(hub: Site, desa: Desa) -> None:
    _source, token = pair(hub, desa.site)
    hub.database.close()
    held = b"".join(path.read_bytes() for path in hub.data.iterdir() if path.is_file())
    assert token.encode() not in held


@pytest.mark.both_databases
def test_two_files_on_a_stick_pair_as_well(hub: Site, desa: Desa) -> None:
    made, invitation = pairing.invite_by_file(operator(hub), "Desa Sukamaju")
    clock_of(hub).advance(days=40)
    clock_of(desa.site).advance(days=40)
    desa.follow()
    with desa.site.bound():
        reply = village_side.accept(operator(desa.site), invitation)
        known = hubs.current(desa.site)
    assert known is not None
    seen = pairing.take_reply(operator(hub), reply)
    assert pairing.take_reply(operator(hub), reply).id == seen.id, "read twice is read once"
    assert (seen.id, seen.words) == (made.id, known.words)
    source_id = pairing.confirm(operator(hub), seen.id)
    assert push.admit(hub, known.token).id == source_id


def test_files_that_are_late_foreign_or_changed_are_refused(
    hub: Site, desa: Desa, tmp_path: Path
) -> None:
    desa.follow()
    made, invitation = pairing.invite_by_file(operator(hub))
    here = operator(desa.site)
    with desa.site.bound():
        for wrong in (
            b"",
            b"{}",
            b"[1]",
            b"PK\x03\x04",
            invitation.replace(b"desa-und", b"desa-xnd"),
        ):
            with pytest.raises(InvalidInput):
                village_side.accept(here, wrong)
        clock_of(desa.site).advance(days=91)
        with pytest.raises(InvalidInput):
            village_side.accept(here, invitation)
        clock_of(desa.site).advance(days=-91)
        reply = village_side.accept(here, invitation)
    for wrong in (b"", invitation, reply[:-40]):
        with pytest.raises(InvalidInput):
            pairing.take_reply(operator(hub), wrong)
    for name, value in (("token_hash", "0" * 64), ("nonce", "0" * 32), ("secret", "0" * 32)):
        changed = json.dumps(json.loads(reply) | {name: value}).encode()
        with pytest.raises(DesaError):
            pairing.take_reply(operator(hub), changed)
    assert pairing.find(hub, made.id).state is State.OPEN
    pairing.refuse(operator(hub), made.id)
    with pytest.raises(WrongCode):
        pairing.take_reply(operator(hub), reply)


def test_codes_that_are_over_are_used_again_and_forgotten(hub: Site) -> None:
    first = invited(hub)
    clock_of(hub).advance(days=1)
    invited(hub)
    assert pairing.find(hub, first.id).state is State.REFUSED
    clock_of(hub).advance(days=40)
    invited(hub)
    with pytest.raises(DesaError):
        pairing.find(hub, first.id)
