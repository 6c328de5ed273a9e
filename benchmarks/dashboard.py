"""How long the supervisor's view takes: `python -m benchmarks.dashboard FOLDER` makes what it measures on, once.

For each kind of database there are two programmes that are alike in their last weeks: one with two years behind it,
one without. Each page and each figure is asked for several times over ranges of weeks; the ratio of the two says
whether what lies outside the range costs anything.
"""

import json
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import click
from flask import Flask
from flask.testing import FlaskClient
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_app
from benchmarks.databases import database_in, postgresql
from benchmarks.people import PASSWORD, SUPERVISOR, ZONE
from benchmarks.programme import DATA_KEY, PARTICIPANTS, Size, make
from bot.config import load_settings
from bot.core.kinds import Need
from bot.db import Database
from bot.figures.catalogue import Tab
from bot.models import Staff
from bot.reports import checkins, clock, humans, needs, people
from bot.reports.scope import Scope, address_of, choices, latest
from bot.week_counts import keep_settled
from bot.wiring import build, settle_down

RANGES = (4, 12, 52)
SHORT = 12  # weeks of the programme without a past
RUNS = 15
PROMISE_MS = 300
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')

# What pages are made of, asked one by one: where a page is slow, this says by what.
FIGURES: Mapping[str, Callable[[Session, Scope, Size], object]] = {
    "check-ins by week": lambda session, scope, _: checkins.by_week(session, scope),
    "check-ins by flow": lambda session, scope, _: checkins.by_flow(session, scope),
    "check-ins by cohort": lambda session, scope, _: checkins.by_cohort(session, scope),
    "check-ins by caseworker": lambda session, scope, _: checkins.by_caseworker(session, scope),
    "check-ins by language": lambda session, scope, _: checkins.by_language(session, scope),
    "check-ins by channel": lambda session, scope, _: checkins.by_channel(session, scope),
    "check-ins by hour": lambda session, scope, _: checkins.by_hour(session, scope),
    "funnel": lambda session, scope, _: checkins.funnel_of(session, scope),
    "time to reply": lambda session, scope, size: checkins.waits(session, scope, size.until),
    "needs": lambda session, scope, _: needs.raised(session, scope, Need),
    "danger, each case": lambda session, scope, _: humans.cases(session, scope),
    "danger that waits": lambda session, scope, _: humans.waiting_cases(session, scope),
    "who waits now": lambda session, scope, _: humans.waiting_now(session, scope),
    "mistakes": lambda session, scope, _: humans.mistakes(session, scope),
    "people lost, by week": lambda session, scope, _: people.by_week(session, scope),
    "people lost now": lambda session, scope, _: people.still_lost(session, scope),
    "choices": lambda session, _, __: choices(session),
    "late jobs": lambda session, _, size: clock.late_jobs(session, size.until),
}


@dataclass(frozen=True)
class Timing:
    """How long one thing took, in milliseconds: `first` with nothing remembered, then the others.

    `cpu_ms` is the median of what this process worked, SQLite included and PostgreSQL not: it stays true where the
    machine is busy with other things. `without_past_ms` is the median of the same on the programme without a past.
    """

    database: str
    what: str
    weeks: int
    scope: str
    first_ms: float
    best_ms: float
    median_ms: float
    p90_ms: float
    cpu_ms: float
    without_past_ms: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times longer it takes for the past that was not asked for."""
        return self.median_ms / self.without_past_ms if self.without_past_ms else None


@dataclass(frozen=True)
class Place:
    """One database to measure on, with an application around it and a supervisor who is signed in."""

    name: str
    database: Database
    client: FlaskClient
    app: Flask


def open_place(name: str, url: str, size: Size) -> Place:
    """Wire Standby around the database, at the instant at which the programme stands still."""
    settings = load_settings(
        database_url=url, secret_key="a key for benchmarks", data_keys=DATA_KEY, carrier="simulated",
        account_sid="AC" + "0" * 32, auth_token="no token", from_number="+18165550100",
        api_url="http://127.0.0.1:9", zone=ZONE,
    )  # fmt: skip
    standby = build(settings, now=lambda: size.until, soon=lambda deed: None)
    app = create_app(standby)
    client = app.test_client()
    found = TOKEN.search(client.get("/sign-in").text)
    assert found
    form = {"csrf_token": found[1], "email": SUPERVISOR, "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 302, "the supervisor cannot sign in"
    settle_down()  # as the served web does
    return Place(name, standby.db, client, app)


def pages(app: Flask) -> list[str]:
    """Every page of the dashboard that an address alone asks for, and that of each question."""
    rules = [each for each in app.url_map.iter_rules() if each.endpoint.startswith("dashboard.")]
    alone = [each.rule for each in rules if not each.arguments and "GET" in (each.methods or ())]
    return sorted([*alone, *(f"/rates/{tab}" for tab in Tab if tab is not Tab.ANSWERS)])


def scopes(session: Session, size: Size, weeks: int) -> Iterator[tuple[str, Scope]]:
    """The whole programme, and narrowed in every way that there is a filter for."""
    whole, known = latest(size.until, ZONE, weeks), choices(session)
    worker = session.scalars(select(Staff.id).where(Staff.team == known.teams[-1]).order_by(Staff.id)).first()
    yield "all", whole
    yield "flow", replace(whole, flow="weekly")
    yield "cohort", replace(whole, cohort=known.cohorts[-1])
    yield "team", replace(whole, team=known.teams[-1])
    yield "caseworker", replace(whole, caseworker_id=worker)


def measure(place: Place, size: Size, runs: int, ranges: tuple[int, ...]) -> Iterator[Timing]:
    """Everything there is, over each range."""
    for weeks in ranges:
        with place.database.reading() as session:
            narrowed = list(scopes(session, size, weeks))
        for label, scope in narrowed:
            for what, figure in FIGURES.items():
                yield _timed(place, what, weeks, label, runs, partial(_asked, place, figure, scope, size))
            for page in pages(place.app):
                address = f"{page}?{urlencode(address_of(scope))}"
                yield _timed(place, page, weeks, label, runs, partial(_opened, place, address))


def _asked(place: Place, figure: Callable[[Session, Scope, Size], object], scope: Scope, size: Size) -> None:
    with place.database.reading() as session:
        figure(session, scope, size)


def _opened(place: Place, address: str) -> None:
    status = place.client.get(address).status_code
    assert status == 200, f"{address}: {status}"


def _timed(place: Place, what: str, weeks: int, label: str, runs: int, deed: Callable[[], None]) -> Timing:
    took, worked = [], []
    for _ in range(runs + 1):
        began, busy = time.perf_counter(), time.process_time()
        deed()
        took.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - busy) * 1000)
    first, rest = took[0], sorted(took[1:])
    p90, cpu = rest[min(len(rest) - 1, int(len(rest) * 0.9))], statistics.median(worked[1:])
    return Timing(place.name, what, weeks, label, first, rest[0], statistics.median(rest), p90, cpu)


def compare(whole: list[Timing], short: list[Timing]) -> list[Timing]:
    """The timings of the programme with its past, each with that of the one without."""
    known = {(each.what, each.weeks, each.scope): each.median_ms for each in short}
    return [replace(each, without_past_ms=known.get((each.what, each.weeks, each.scope))) for each in whole]


def _places(
    folder: Path, sizes: Mapping[str, Size], stack: ExitStack, console: Console
) -> Iterator[tuple[str, str, str]]:
    """The kinds of database, and for each the URLs of the programmes with and without a past, made where missing."""
    server = stack.enter_context(postgresql(folder / "postgresql"))
    for kind in ("sqlite", "postgresql"):
        urls = []
        for name, size in sizes.items():
            url = f"sqlite:///{folder / name}.db" if kind == "sqlite" else database_in(server, name)
            _fill(url, size, console)
            urls.append(url)
        yield kind, urls[0], urls[1]


def _fill(url: str, size: Size, console: Console) -> None:
    database = Database(url, DATA_KEY)
    try:
        for step, _ in make(database, size):
            console.print(f"{url.rpartition('/')[2]}: {step}   ", end="\r")
    except click.ClickException:
        pass  # it was made before
    keep_settled(database, ZONE, size.until)  # as the clock does
    database.engine.dispose()


def table(timings: list[Timing]) -> Table:
    """As a table; red is what breaks the promise."""
    shown = Table("database", "what", "weeks", "scope", "first", "best", "median", "p90", "cpu", "ratio")
    for each in timings:
        slow = "[red]" if each.p90_ms > PROMISE_MS else ""
        numbers = (f"{value:.1f}" for value in (each.first_ms, each.best_ms, each.median_ms))
        ratio = f"{each.ratio:.2f}" if each.ratio else ""
        shown.add_row(
            each.database, each.what, str(each.weeks), each.scope, *numbers, f"{slow}{each.p90_ms:.1f}",
            f"{each.cpu_ms:.1f}", ratio,
        )  # fmt: skip
    return shown


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--participants", default=PARTICIPANTS, show_default=True)
@click.option("--runs", default=RUNS, show_default=True)
@click.option("--top", default=40, show_default=True, help="How many lines of the table, the slowest first.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Where to write everything.")
def main(folder: Path, participants: int, runs: int, top: int, out: Path | None) -> None:
    """Measure the supervisor's view on SQLite and PostgreSQL; FOLDER keeps the programmes for the next time."""
    console, timings = Console(), list[Timing]()
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"programme": Size(participants), "without_past": Size(participants, history=SHORT)}
    with ExitStack() as stack:
        for kind, whole_url, short_url in _places(folder.absolute(), sizes, stack, console):
            whole = list(measure(open_place(kind, whole_url, sizes["programme"]), sizes["programme"], runs, RANGES))
            within = tuple(each for each in RANGES if each <= SHORT)
            short = open_place(kind, short_url, sizes["without_past"])
            timings += compare(whole, list(measure(short, sizes["without_past"], runs, within)))
    console.print(table(sorted(timings, key=lambda each: -each.median_ms)[:top]))
    if out:
        out.write_text(json.dumps([{**asdict(each), "ratio": each.ratio} for each in timings], indent=1))


if __name__ == "__main__":
    main()
