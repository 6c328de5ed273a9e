"""The programme's directory of services: what staff refer people to, kept by hand or read from a file."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.core.kinds import Need
from bot.models import Service
from bot.sheets import Columns, SheetRow

# Names as in Open Referral's Human Services Data Specification 3.0: fields of `service`, and the names of the objects
# that hang on it where one cell takes them (phone, language, service_area, schedule). `needs` is ours.
SERVICES = Columns(
    known=("id", "name", "status", "url", "email", "phone", "language", "service_area", "schedule", "needs"),
    required=("name",),
    others_may_stand=True,
)
CLOSED = ("inactive", "defunct", "temporarily closed")  # words of HSDS for a service that takes nobody
LONGEST_ID = 100
LONGEST = {"name": 200, "contact": 300, "area": 200, "hours": 300, "languages": 200}


class NotListed(Exception):
    """The entry cannot be kept so. The message says why, and what to write instead."""


@dataclass(frozen=True)
class Entry:
    """What is known of one service."""

    name: str
    needs: tuple[Need, ...]
    contact: str = ""
    area: str = ""
    hours: str = ""
    languages: str = ""


@dataclass(frozen=True)
class ServiceReport:
    """What was done with one row of a file: added, updated, taken out or not taken, and what to know about it."""

    line: int
    done: str
    problem: str = ""


def services(session: Session) -> list[Service]:
    """The services that take people, by name."""
    return sorted(session.scalars(select(Service).where(Service.active)), key=lambda each: each.name.casefold())


def serving(session: Session, kind: str) -> list[Service]:
    """The services for a flag of this kind: those that serve the need first, then the others."""
    return sorted(services(session), key=lambda each: kind not in each.needs)


def keep(session: Session, entry: Entry, service_id: int | None = None) -> Service:
    """Write an entry down, in place of the one with this id where one is given. Raises NotListed."""
    _check(entry)
    service = session.get(Service, service_id) if service_id is not None else Service(active=True)
    if service is None:
        raise NotListed("That entry is gone. Add it anew.")
    service.name, service.needs = entry.name, [each.value for each in entry.needs]
    service.contact, service.area = entry.contact, entry.area
    service.hours, service.languages = entry.hours, entry.languages
    session.add(service)
    session.flush()
    return service


def take_out(session: Session, service_id: int) -> None:
    """Nobody is referred there any more; past referrals keep its name. Raises NotListed."""
    service = session.get(Service, service_id)
    if service is None or not service.active:
        raise NotListed("That entry was taken out already.")
    service.active = False


def _check(entry: Entry) -> None:
    if not entry.name:
        raise NotListed("Write the name of the service.")
    for name, limit in LONGEST.items():
        if len(getattr(entry, name)) > limit:
            raise NotListed(f"Shorten the {name} to {limit} characters.")


def import_services(session: Session, rows: Iterable[SheetRow]) -> list[ServiceReport]:
    """Take in each row; one with an id or a name that is there updates that entry."""
    return [_take(session, row) for row in rows]


def _take(session: Session, row: SheetRow) -> ServiceReport:
    if row.problem:
        return ServiceReport(row.line, "not taken", row.problem)
    cells = row.cells
    there = _known(session, cells["id"], cells["name"])
    if cells["status"].casefold() in CLOSED:
        if there is not None:
            there.active = False
        return ServiceReport(row.line, "taken out" if there else "passed over", f"status: {cells['status']}")
    if len(cells["id"]) > LONGEST_ID:
        return ServiceReport(row.line, "not taken", f"id: longer than {LONGEST_ID} characters")
    needs, unknown = _needs(cells["needs"])
    if unknown:
        return ServiceReport(row.line, "not taken", f"needs: {', '.join(unknown)}; use: {', '.join(Need)}")
    contact = ", ".join(filter(None, (cells["phone"], cells["email"], cells["url"])))
    entry = Entry(cells["name"], needs, contact, cells["service_area"], cells["schedule"], cells["language"])
    try:
        service = keep(session, entry, there.id if there else None)
    except NotListed as problem:
        return ServiceReport(row.line, "not taken", str(problem))
    service.source_id, service.active = cells["id"] or service.source_id, True
    return ServiceReport(row.line, "updated" if there else "added", "" if needs else "needs: none given")


def _known(session: Session, source_id: str, name: str) -> Service | None:
    if source_id and (found := session.scalar(select(Service).where(Service.source_id == source_id))):
        return found
    return session.scalar(select(Service).where(Service.name == name, Service.source_id.is_(None)))


def _needs(text: str) -> tuple[tuple[Need, ...], list[str]]:
    """The needs that a cell names, between commas or semicolons, and the words that are none."""
    told = [each.strip().casefold() for each in text.replace(";", ",").split(",") if each.strip()]
    return tuple(need for need in Need if need.value in told), [each for each in told if each not in set(Need)]
