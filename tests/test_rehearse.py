"""A flow played at the terminal: a conversation, and the time that passes in it."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import click
import pytest
from rich.console import Console

from bot.config import ROOT
from bot.core.flow import parse
from bot.core.kinds import Language
from bot.flows import FlowShelf, load_flows
from bot.rehearse import rehearse

SHELF = load_flows(Path(__file__).resolve().parent.parent / "flows")
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)


def played(
    name: str,
    *texts: str,
    language: Language = Language.EN,
    shelf: FlowShelf = SHELF,
    wording: str | None = None,
) -> str:
    lines = iter(texts)
    out = StringIO()
    console = Console(file=out, width=500)
    rehearse(shelf, name, language, MONDAY, lambda: next(lines, None), console, wording)
    assert next(lines, None) is None, "it ended before everything was said"
    return out.getvalue()


STORIES = [
    (("good",), "Monday, November 23 at 10:05 am  How is your place to stay?"),
    (("good", "3"), "Flag: housing"),
    (("good", "1", "2"), "Planned: job, Monday, November 30 at 10:15 am"),
    (("good", "1", "1", "3"), "Flag: safety, at once"),
    (("good", "1", "1", "3"), "Call 911"),
    (("good", "1", "1", "1"), "The check-in is over: finished"),
    (("good", "2"), "Kept: bed = 2"),
    (("they shot at me",), "A person is alerted at once."),
    (("they shot at me",), "The check-in is over: handed over"),
    (("good",), "Nobody needs to read this."),
    (("",), "Tuesday, November 24 at 10:00 am  Hi, Ana again."),
    (("", "  "), "Nobody answered in time."),
    (("", ""), "The check-in is over: silent"),
    (("good", ""), "Nobody answered in time."),
    (("stop",), "This means 'stop': no more texts are sent"),
    (("please stop texting me",), "You will get no more texts from us."),
    (("wrong number",), "This means 'wrong_number'"),
]


@pytest.mark.parametrize(("texts", "shown"), STORIES)
def test_weekly(texts: tuple[str, ...], shown: str) -> None:
    assert shown in played("weekly", *texts)


def test_silence_does_what_the_flow_says() -> None:
    assert "Flag: quiet" in played("reconnect", "", "")


def test_it_plays_at_the_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("good\n"))
    rehearse(SHELF, "weekly", Language.EN)
    assert "How is your place to stay?" in capsys.readouterr().out


def test_the_carrier_s_own_answer_to_stop_is_the_only_one() -> None:
    assert "no more texts from us" not in played("weekly", "STOP")


def test_what_the_system_sets_is_made_up_and_shown() -> None:
    shown = played("appointment", "1")
    assert "appointment_at is 2026-11-25T14:30:00+00:00" in shown
    assert "Wednesday, November 25 at 2:30 pm" in shown
    assert "Planned: appointment_soon, Wednesday, November 25 at 11:30 am" in shown


def test_an_unusable_flow_is_named_with_its_problems() -> None:
    with pytest.raises(click.ClickException, match="no flow named 'wekly'; there are: after_help"):
        rehearse(SHELF, "wekly", Language.EN)
    broken = FlowShelf({}, SHELF.always, SHELF.policy, ("weekly.toml: no", "job.toml: no"))
    with pytest.raises(click.ClickException, match="^weekly.toml: no$"):
        rehearse(broken, "weekly", Language.EN)


def test_it_speaks_spanish() -> None:
    assert "¿Cómo va su semana?" in played("weekly", language=Language.ES)


def test_a_text_with_brackets_is_shown_as_it_is() -> None:
    assert "Kept: week = [bold] hm [/x]" in played("weekly", "[bold] hm [/x]")


BED = """planned = 400
wordings.warm.say = { en = "Slept well? Reply 1, 2, 3 or 0.", es = "¿Durmió bien? Responda 1, 2, 3 o 0." }
"""


def compared() -> FlowShelf:
    """The shipped flows, with the question about the place to stay in two wordings."""
    weekly = SHELF.flows["weekly"]
    source = weekly.source.replace("[states.bed]\n", f"[states.bed]\n{BED}")
    return replace(SHELF, flows={**SHELF.flows, "weekly": parse("weekly", source)})


def test_the_wording_that_was_chosen_is_shown() -> None:
    shown = played("weekly", "good", shelf=compared())
    assert "State bed is said in the wording 'warm' (of usual, warm)." in shown and "Slept well?" in shown


@pytest.mark.parametrize(("wording", "text"), [("usual", "your place to stay"), ("warm", "Slept well?")])
def test_any_wording_can_be_played(wording: str, text: str) -> None:
    shown = played("weekly", "good", "banana", shelf=compared(), wording=wording)
    assert f"State bed is said in the wording '{wording}'." in shown and shown.count(text) == 2


def test_a_wording_that_there_is_not_is_named() -> None:
    with pytest.raises(click.ClickException, match="weekly has no wording named 'wram'; there are: usual, warm"):
        played("weekly", shelf=compared(), wording="wram")
    with pytest.raises(click.ClickException, match="weekly has no wording named 'warm'; it compares none"):
        played("weekly", wording="warm")


def test_who_has_seen_enough_is_told_nothing() -> None:
    """As with `| head`: the other end of the pipe is closed while we print."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "bot", "flow", "rehearse", "weekly"]
    ended = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert ended.stderr == b""
