"""Who works here: added, changed, given a new password, let go and taken back. Every change is on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.alerts import staff_recipient
from bot.casework import open_again
from bot.core.escalation import first_look
from bot.core.kinds import Purpose
from bot.core.speech import first_name
from bot.duty import always_on_call, hears
from bot.handovers import record_handover, takers
from bot.importing import read_phone
from bot.models import Absence, Cover, Flag, FlagState, Message, Participant, Role, Staff, WeeklyShift
from bot.outbox import Draft, Post, queue
from bot.outbox import take_back as take_back_texts
from bot.passwords import fresh_password, hash_password
from bot.people import hold_all, note, participant_at
from bot.sheets import ImportProblem
from bot.staff_replies import ask_for_code, climb_on_without
from bot.waiting import unresolved

LONGEST, LONGEST_TEAM = 200, 60  # characters


class NotStaffed(Exception):
    """It cannot be so, and nothing was changed. The message says why, and what to do instead."""


@dataclass(frozen=True)
class Told:
    """What is written down of somebody on the staff, as it was typed."""

    email: str
    name: str
    phone: str
    role: Role
    team: str = ""


@dataclass(frozen=True)
class Office:
    """Where the staff is changed, inside one transaction. `by` is who changes it; None: whoever runs the server."""

    session: Session
    post: Post
    by: Staff | None
    now: datetime

    def note(self, what: str, staff: Staff, detail: str = "") -> None:
        """Put it on record: what was changed, by whom, and of whom."""
        detail = f"staff {staff.id} {detail}".strip()
        note(self.session, what, self.now, self.by.id if self.by else None, detail=detail)


def add(office: Office, told: Told, on_call: bool = False) -> tuple[Staff, str]:
    """Somebody new, and the password to hand over. A code goes to their phone. Raises NotStaffed."""
    _may_touch(office, told.role)
    if on_call and told.role is Role.RESEARCHER:
        raise NotStaffed("A researcher is not on call.")
    staff = Staff(password_hash="", active=True)
    _write(office, staff, told)
    office.session.add(staff)
    office.session.flush()
    office.note("staff_added", staff, told.role)
    if on_call:
        office.session.add_all(always_on_call(staff.id))
    if staff.phone:
        ask_for_code(office.session, staff, office.now)
    return staff, _fresh_password(staff)


def change(office: Office, staff_id: int, told: Told) -> Staff:
    """Other words of somebody. A new phone has to text its code back before alerts go there. Raises NotStaffed."""
    staff = _at_work(office, staff_id)
    if told.role is not staff.role:
        _may_become(office, staff, told.role)
    phone = staff.phone_hash
    _write(office, staff, told)
    office.note("staff_changed", staff, staff.role)
    if staff.phone_hash != phone:
        staff.phone_verified_at = staff.phone_code = staff.alert_failed_at = None
        if staff.phone:
            office.session.flush()
            ask_for_code(office.session, staff, office.now)
    return staff


def _may_become(office: Office, staff: Staff, role: Role) -> None:
    """Who looks after people, or is on call, or has taken a flag, must not become somebody who sees none of it."""
    _may_touch(office, role)
    if office.by is not None and staff.id == office.by.id:
        raise NotStaffed("Nobody changes their own role. Ask a colleague.")
    if role in (Role.CASEWORKER, Role.SUPERVISOR):
        return
    if _people_of(office, staff.id):
        raise NotStaffed(f"Participants are with {staff.name}. Hand them over first, or let {staff.name} go.")
    if role is Role.RESEARCHER:
        _off_duty(office, staff)


def renew_password(office: Office, staff_id: int) -> tuple[Staff, str]:
    """A new password to hand over; who was signed in with the old one is out. Raises NotStaffed."""
    staff = _at_work(office, staff_id)
    office.note("password_renewed", staff)
    return staff, _fresh_password(staff)


def let_go(office: Office, staff_id: int, to_id: int | None) -> Staff:
    """They do not sign in any more, no alert reaches them, and they are off the rota. Their people go to somebody else,
    whom what is open of these rings first; what they had taken and not resolved is open again, and what they alone were
    alerted to climbs on: nothing waits for who is gone. Raises NotStaffed.
    """
    people = hold_all(office.session, _people_of(office, staff_id))  # before flags and staff, as everywhere
    staff = _at_work(office, staff_id)
    if office.by is None or staff.id == office.by.id:
        raise NotStaffed("Nobody lets themselves go. Ask a colleague.")
    if set(_people_of(office, staff_id)) != {each.id for each in people}:
        raise NotStaffed(f"Somebody was just handed over to {staff.name}. Look again.")
    if people:
        _hand_over_all(office, staff, people, to_id, office.by)
    _off_duty(office, staff)
    staff.active, staff.password_hash, staff.phone_code, staff.phone_hash = False, None, None, None
    office.note("staff_let_go", staff)
    return staff


def take_back(office: Office, staff_id: int) -> tuple[Staff, str]:
    """Somebody who was let go works here again, and the password to hand over. Raises NotStaffed."""
    staff = _locked(office, staff_id)
    if staff is None or staff.active:
        raise NotStaffed("They work here. Look at the list again.")
    _may_touch(office, staff.role)
    _write(office, staff, Told(staff.email, staff.name, staff.phone or "", staff.role, staff.team))
    staff.active, staff.phone_verified_at = True, None
    office.session.flush()
    office.note("staff_taken_back", staff)
    if staff.phone:
        ask_for_code(office.session, staff, office.now)
    return staff, _fresh_password(staff)


def _people_of(office: Office, staff_id: int) -> Sequence[int]:
    return office.session.scalars(select(Participant.id).where(Participant.caseworker_id == staff_id)).all()


def _hand_over_all(office: Office, staff: Staff, people: Sequence[Participant], to_id: int | None, by: Staff) -> None:
    to = next((each for each in takers(office.session) if each.id == to_id and each.id != staff.id), None)
    if to is None or (locked := _locked(office, to.id)) is None or not locked.active:
        count = "One participant is" if len(people) == 1 else f"{len(people)} participants are"
        raise NotStaffed(f"{count} with {staff.name}. Choose who looks after them from now on.")
    for person in people:
        record_handover(office.session, person, to, by.id, office.now)
    open_ones = unresolved() & Flag.participant_id.in_([each.id for each in people]) & (Flag.state == FlagState.OPEN)
    for flag in office.session.scalars(select(Flag).where(open_ones).order_by(Flag.id).with_for_update()):
        flag.rung, flag.look_at = 0, first_look(flag.urgency, office.now, office.post.rules)
    if to.id != by.id and hears(office.session, to):
        link = f"{office.post.settings.public_url.rstrip('/')}/"
        whom = "somebody" if len(people) == 1 else f"{len(people)} people"
        told = f"Standby: {first_name(by.name)} handed {whom} over to you: {link}"
        queue(office.session, Draft(staff_recipient(to), told, Purpose.NOTICE), office.now)


def _off_duty(office: Office, staff: Staff) -> None:
    """Off the rota, and whatever waits for this colleague waits for others from now on."""
    session, now = office.session, office.now
    session.execute(delete(WeeklyShift).where(WeeklyShift.staff_id == staff.id))
    session.execute(delete(Cover).where(Cover.staff_id == staff.id, Cover.until > now))
    session.execute(delete(Absence).where(Absence.staff_id == staff.id, Absence.since > now))
    over = (Absence.staff_id == staff.id) & (Absence.until > now)
    session.execute(update(Absence).where(over).values(until=now))
    stood_in = (Absence.stand_in_id == staff.id) & (Absence.until > now)
    session.execute(update(Absence).where(stood_in).values(stand_in_id=None))
    theirs = unresolved() & (Flag.taken_by == staff.id) & (Flag.state == FlagState.ACKNOWLEDGED)
    for flag in session.scalars(select(Flag).where(theirs).order_by(Flag.id).with_for_update()):
        open_again(session, flag, flag.urgency, office.post.rules, now)
        note(session, "flag_opened_again", now, participant_id=flag.participant_id, flag_id=flag.id)
    climb_on_without(session, staff, now)
    take_back_texts(session, Message.staff_id == staff.id)


def _locked(office: Office, staff_id: int) -> Staff | None:
    """This colleague and who changes them, held in the order of their ids: two cannot let each other go at once."""
    ids = {staff_id} | ({office.by.id} if office.by else set())
    wanted = select(Staff).where(Staff.id.in_(ids)).order_by(Staff.id)
    held = {each.id: each for each in office.session.scalars(wanted.with_for_update(key_share=True))}
    if office.by is not None and not office.by.active:
        raise NotStaffed("You do not work here any more.")
    return held.get(staff_id)


def _at_work(office: Office, staff_id: int) -> Staff:
    staff = _locked(office, staff_id)
    if staff is None or not staff.active:
        raise NotStaffed("They do not work here any more. Look at the list again.")
    _may_touch(office, staff.role)
    return staff


def _may_touch(office: Office, role: Role) -> None:
    """Only an admin, or whoever runs the server, makes admins, changes them and opens what is theirs."""
    if role is Role.ADMIN and office.by is not None and office.by.role is not Role.ADMIN:
        raise NotStaffed("Only an admin may do that with an admin.")


def _write(office: Office, staff: Staff, told: Told) -> None:
    email, name, team = _read_email(told.email), " ".join(told.name.split()), " ".join(told.team.split())
    if not name:
        raise NotStaffed("The name is empty. Participants read its first word in their texts.")
    if len(team) > LONGEST_TEAM:
        raise NotStaffed(f"The name of the team is longer than {LONGEST_TEAM} letters.")
    if max(len(email), len(name)) > LONGEST:
        raise NotStaffed(f"Name or e-mail address is longer than {LONGEST} letters.")
    number = _read_number(office, staff, told)
    hashed = office.post.db.fingerprint(number) if number else None
    with office.session.no_autoflush:
        same = (func.lower(Staff.email) == email) | ((Staff.phone_hash == hashed) if hashed else False)
        others = office.session.scalars(select(Staff).where(same)).all()
    if taken := next((each for each in others if each is not staff), None):
        what = "Somebody on the staff" if taken.active else "Somebody who worked here before, and can be taken back,"
        raise NotStaffed(f"{what} already has this e-mail address or number.")
    staff.email, staff.name, staff.role, staff.team = email, name, told.role, team
    staff.phone, staff.phone_hash = number, hashed


def _read_number(office: Office, staff: Staff, told: Told) -> str | None:
    """Who reads figures alone needs no phone; everybody else may have to be rung."""
    if not told.phone.strip() and told.role is Role.RESEARCHER:
        return None
    try:
        number = read_phone(told.phone)
    except ImportProblem as problem:
        raise NotStaffed(f"{str(problem)[0].upper()}{str(problem)[1:]}.") from None
    if participant_at(office.session, "sms", office.post.db.fingerprint(number)):
        raise NotStaffed("This is the number of a participant. Alerts need a number of their own.")
    return number


def _read_email(text: str) -> str:
    name, _, host = text.strip().casefold().partition("@")
    if not name or not host or len(text.split()) != 1 or any(mark in name + host for mark in "@,;<>"):
        raise NotStaffed(f"'{text.strip()}' is no e-mail address. Write it like dana@example.org.")
    return f"{name}@{host}"


def _fresh_password(staff: Staff) -> str:
    password = fresh_password()
    staff.password_hash = hash_password(password)
    return password
