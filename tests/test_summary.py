"""What the weekly letter says, in HTML and in plain text, and what it must not say; counted by hand."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.config import Settings
from bot.core.escalation import Urgency
from bot.core.kinds import Attention, Need, Outcome
from bot.db import Database
from bot.models import Event, Participant
from bot.scene import Talk
from bot.summary import letter_of, preview, summary_of
from bot.summary_letter import Summary, as_html, as_text
from bot.wiring import build
from tests.databases import DATA_KEY, fresh_sqlite
from tests.kept import DAY, HOUR, MINUTE, NOW, THIS_WEEK, WEEK, Kept

MONDAY = THIS_WEEK.date() - WEEK
LAST, BEFORE = THIS_WEEK - WEEK + 10 * HOUR, THIS_WEEK - 2 * WEEK + 10 * HOUR


@pytest.fixture
def kept(talk: Talk) -> Iterator[Kept]:
    with talk.post.db.writing() as session:
        yield Kept(session)


@pytest.fixture
def talk() -> Iterator[Talk]:
    with fresh_sqlite() as url:
        settings = Settings(
            _env_file=None, database_url=url, secret_key="a key for tests only", data_keys=DATA_KEY,
            carrier="simulated", api_url="http://127.0.0.1:9", public_url="https://checkin.example.org",
        )  # fmt: skip
        standby = build(settings, Database(url, DATA_KEY), now=lambda: NOW, soon=lambda deed: None)
        yield standby.talk
        standby.db.engine.dispose()


def _runs(kept: Kept, at: Any, answered: int, silent: int) -> None:
    for n in range(answered + silent):
        kept.check_in(at, answered=HOUR if n < answered else None, outcome=Outcome.FINISHED if n < answered
                      else Outcome.SILENT)  # fmt: skip


def summary(talk: Talk, kept: Kept) -> Summary:
    return summary_of(kept.session, talk, MONDAY, NOW)


def said(talk: Talk, kept: Kept) -> str:
    return as_text(summary(talk, kept))


def test_the_last_week_and_the_one_before_have_their_interval(talk: Talk, kept: Kept) -> None:
    _runs(kept, LAST, 30, 10)
    _runs(kept, BEFORE, 20, 20)
    text = said(talk, kept)
    assert "KC Check-In: November 16 to 22, 2026" in text
    assert "Last week 75 % answered (60 to 86, n = 40); the week before, 50 % answered (35 to 65, n = 40)." in text


def test_while_some_may_be_answered_yet_it_says_how_that_reads(talk: Talk, kept: Kept) -> None:
    _runs(kept, LAST, 30, 10)
    assert "reads high" not in said(talk, kept)
    kept.check_in(LAST)
    assert "so last week reads high." in said(talk, kept)


def test_small_numbers_are_hidden_and_so_is_what_would_tell_them(talk: Talk, kept: Kept) -> None:
    _runs(kept, LAST, 30, 7)
    _runs(kept, BEFORE, 20, 20)
    text = said(talk, kept)
    assert "Last week the share is hidden; the week before, the share is hidden." in text
    assert "cross" not in text, "there is no picture in plain text"
    assert not re.search(r"\b(7|30|37|81)\b", text), "nor what the week before would give away"
    assert "hides every number that tells of fewer than 10 people" in text


def test_needs_are_counted_by_kind_beside_the_week_before(talk: Talk, kept: Kept) -> None:
    for at, count in ((LAST, 21), (BEFORE, 12)):
        for _ in range(count):
            kept.flag(Need.HOUSING, at)
    for _ in range(11):
        kept.flag(Need.JOB, LAST)
    text = said(talk, kept)
    assert re.search(r"^Kind +Week of Nov 9 +Week of Nov 16$", text, re.MULTILINE)
    assert re.search(r"^Housing +12 +21$", text, re.MULTILINE) and re.search(r"^Work +0 +11$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("cases", "soon"),
    [
        (19, "Too few cases to say how long it usually takes."),
        (20, "Half are taken within 10 min, nine in ten: hidden."),  # two cases took longer
        (100, "Half are taken within 50 min, nine in ten within 1 h 30 min."),
    ],
)
def test_danger_says_how_soon_a_person_came(talk: Talk, kept: Kept, cases: int, soon: str) -> None:
    for n in range(cases):
        kept.flag(Need.SAFETY, LAST + n * MINUTE, taken=(n + 1) * MINUTE, urgency=Urgency.NOW)
    text = said(talk, kept)
    assert soon in text
    assert "No danger stands open" in text


def test_few_dangers_are_not_told_apart(talk: Talk, kept: Kept) -> None:
    for n in range(3):
        kept.flag(Need.SAFETY, LAST, taken=17 * MINUTE if n else None, urgency=Urgency.NOW)
    text = said(talk, kept)
    assert "Too few cases to say how long it usually takes." in text and "17" not in text
    assert "hidden" in text.split("Who waits now")[1].split("Whom")[0] and "picture" not in text


def test_who_waits_and_who_is_lost_are_counted(talk: Talk, kept: Kept) -> None:
    for n in range(14):
        person = kept.person(waits_since=NOW - HOUR)
        kept.flag(Attention.QUIET, LAST)
        if n < 12:
            kept.session.add(Event(at=LAST, what="opted_out", participant_id=person.id, detail="keyword"))
    text = said(talk, kept)
    assert "14 people wait for an answer" in text
    lost = text.casefold().split("whom texts lose")[1]
    assert re.search(r"gone quiet:? 14\b", lost) and re.search(r"opted out:? 12\b", lost)


def test_gaps_of_the_week_to_come_are_told_and_nobody_is_named(talk: Talk, kept: Kept) -> None:
    kept.worker("Dana")
    text = said(talk, kept)
    assert "Nobody who can be alerted is on call in the next week" in text and "Dana" not in text


def test_an_empty_week_says_so(talk: Talk, kept: Kept) -> None:
    text = said(talk, kept)
    assert "Last week no check-in counted; the week before, no check-in counted." in text
    assert "Nobody waits for an answer." in text and "no new need was raised" in text


def test_the_html_says_the_same_as_the_text(talk: Talk, kept: Kept) -> None:
    _runs(kept, LAST, 30, 10)
    for _ in range(21):
        kept.flag(Need.HOUSING, LAST)
    found = summary(talk, kept)
    plain = " ".join(re.sub(r"<[^>]+>", " ", as_html(found, {}).split("<body")[1].partition(">")[2]).split())
    for part in found.parts:
        assert all(words in " ".join(as_text(found).split()) and words in plain for words in (part.title, *part.says))
    assert "Housing 0 21" in plain and found.foot in plain and found.link in as_html(found, {})


def test_pictures_hang_on_the_letter_by_name_and_have_a_text(talk: Talk, kept: Kept) -> None:
    _runs(kept, LAST, 30, 10)
    for _ in range(21):
        kept.flag(Need.HOUSING, LAST)
    letter = letter_of(summary(talk, kept), NOW)
    assert [each.name for each in letter.inlays] == ["answered-by-week", "needs-by-week"]
    assert all(each.png.startswith(b"\x89PNG") for each in letter.inlays)
    shown = re.findall(r'<img src="cid:([^"]+)" alt="([^"]+)"', letter.html)
    assert [name for name, _ in shown] == ["answered-by-week", "needs-by-week"] and "75 %" in shown[0][1]
    assert "http" not in letter.html.replace("https://checkin.example.org/rates", ""), "nothing is fetched to read it"


def test_no_name_number_or_word_of_anybody_is_in_it(talk: Talk, kept: Kept) -> None:
    worker = kept.worker("Ozymandias", team="Night Owls")
    for n in range(40):
        person = kept.person(name="Quentin O’Neil", caseworker_id=worker.id, cohort="Witnesses", waits_since=NOW)
        kept.check_in(LAST, answered=HOUR, outcome=Outcome.FINISHED, participant_id=person.id, worker=worker)
        kept.flag(Need.SAFETY, LAST, taken=n * MINUTE, urgency=Urgency.NOW, note="at Union Station")
    letter = letter_of(summary(talk, kept), NOW)
    for secret in ("Ozymandias", "Quentin", "Neil", "Witnesses", "Night Owls", "Union Station", "@", "+1816"):
        assert secret not in letter.html + letter.text + letter.subject


def test_the_preview_holds_its_pictures(talk: Talk, kept: Kept) -> None:
    _runs(kept, LAST, 30, 10)
    page = preview(summary(talk, kept))
    assert 'src="data:image/png;base64,' in page and "cid:" not in page


def test_what_stands_open_is_that_of_the_moment_of_sending(talk: Talk, kept: Kept) -> None:
    for _ in range(12):
        kept.person(waits_since=NOW - DAY)
    later = summary_of(kept.session, talk, MONDAY, NOW + timedelta(hours=1))
    assert "12 people wait" in as_text(later)
    for person in kept.session.query(Participant):
        person.waits_since = None
    kept.session.flush()
    assert "Nobody waits" in as_text(summary_of(kept.session, talk, MONDAY, NOW))
