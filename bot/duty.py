"""Who is on duty: the rota as it stands, and whom each word of the policy reaches at this instant."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, time, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bot.carrier import EMAIL
from bot.config import Settings
from bot.core.escalation import Means, Reach, Rules, Whom
from bot.core.rota import Away, Layer, Override, Rota, Shift
from bot.models import Absence, Alert, Cover, Message, OptOut, Participant, Role, Staff, WeeklyShift

AN_HOUR = timedelta(hours=1)
PASSED_OVER_FOR = timedelta(minutes=30)


def load_rota(session: Session, zone: str, since: datetime) -> Rota:
    """The weekly shifts, and what changes them from this instant on."""
    shifts = session.scalars(select(WeeklyShift).order_by(WeeklyShift.id))
    covers = session.scalars(select(Cover).where(Cover.until > since).order_by(Cover.id))
    absences = session.scalars(select(Absence).where(Absence.until > since).order_by(Absence.id))
    return Rota(
        zone=zone,
        shifts=tuple(Shift(each.layer, each.staff_id, each.weekday, each.starts, each.ends) for each in shifts),
        overrides=tuple(Override(each.layer, each.staff_id, each.since, each.until) for each in covers),
        aways=tuple(Away(each.staff_id, each.since, each.until, each.stand_in_id) for each in absences),
    )


class Duty:
    """Who is on duty at one instant, asked of the database once for any number of flags."""

    def __init__(self, session: Session, settings: Settings, rules: Rules, now: datetime) -> None:
        self.rota = load_rota(session, rules.zone, now)
        self.now = now
        self.staff = {each.id: each for each in session.scalars(select(Staff).where(Staff.active).order_by(Staff.id))}
        self._rung = _rung_lately(session, now)
        self._hear = set(session.scalars(select(Staff.id).where(Staff.active, HEARS)))
        self._at_most = rules.policy.alerts_an_hour
        free = {each for each in self._hear if self._rung.get(each, 0) < self._at_most}
        texted = {each for each in free if not failed_lately(self.staff[each], now)} or free or self._hear
        self._reached = {
            Means.TEXT: texted,
            Means.CALL: (free or self._hear) if settings.calls_from else set(),
            Means.EMAIL: set(self.staff) if settings.mail_url else set(),
        }

    def reach(self, participant: Participant | None) -> Reach:
        """Whom each word of the policy means for a flag of this participant, of those whom each means reaches now.

        Whose phone did not take an alert lately, or was rung too often, is passed over for a while; where that leaves
        nobody, they are tried all the same.
        """
        meant = self._meant(participant)
        return {
            by: {whom: tuple(each for each in ids if each in reached) for whom, ids in meant.items()}
            for by, reached in self._reached.items()
        }

    def _meant(self, participant: Participant | None) -> Mapping[Whom, tuple[int, ...]]:
        """Whom each word means, whether they can be reached or not."""
        own = participant.caseworker_id if participant else None
        worker = self.rota.there(own, self.now) if own is not None else None
        team = self.staff[own].team if own in self.staff else ""
        colleagues = [each.id for each in self.staff.values() if team and each.team == team and each.id != worker]
        return {
            Whom.CASEWORKER: (worker,) if worker is not None else (),
            Whom.TEAM: tuple(each for each in colleagues if self.staff[each].role is Role.CASEWORKER),
            Whom.ON_CALL: self.rota.on_call(Layer.FIRST, self.now),
            Whom.BACKUP: self.rota.on_call(Layer.BACKUP, self.now),
            Whom.SUPERVISORS: tuple(each.id for each in self.staff.values() if each.role is Role.SUPERVISOR),
            Whom.EVERYONE: tuple(each.id for each in self.staff.values() if each.role is not Role.RESEARCHER),
        }

    @property
    def heard_by_text(self) -> frozenset[int]:
        """Who can be alerted by text at all, however often it rang lately."""
        return frozenset(self._hear)


HEARS = Staff.phone_verified_at.is_not(None) & ~exists().where(
    OptOut.address_hash == Staff.phone_hash, OptOut.until.is_(None)
)  # its owner texted the code of their phone back, and not STOP since


def hears(session: Session, staff: Staff) -> bool:
    """Whether texts may go to this phone at all."""
    return bool(session.scalar(select(exists().where(Staff.id == staff.id, HEARS))))


def first_reached(reach: Reach, whom: Whom) -> dict[int, Means]:
    """Everybody whom the word means and who can be reached: by text, or by letter where no text reaches them."""
    letters, texts = (reach.get(by, {}).get(whom, ()) for by in (Means.EMAIL, Means.TEXT))
    return dict.fromkeys(letters, Means.EMAIL) | dict.fromkeys(texts, Means.TEXT)


def failed_lately(staff: Staff, now: datetime) -> bool:
    """Whether an alert to this phone did not arrive just before."""
    return staff.alert_failed_at is not None and now - staff.alert_failed_at < PASSED_OVER_FOR


def _rung_lately(session: Session, now: datetime) -> dict[int, int]:
    rang = select(Alert.staff_id).join(Message, Message.id == Alert.message_id)
    return Counter(session.scalars(rang.where(Alert.at > now - AN_HOUR, Message.channel != EMAIL)))


def always_on_call(staff_id: int, layer: Layer = Layer.FIRST) -> list[WeeklyShift]:
    """Shifts, day and night, every day of the week."""
    midnight = time(0)
    return [
        WeeklyShift(layer=layer, staff_id=staff_id, weekday=day, starts=midnight, ends=midnight) for day in range(7)
    ]
