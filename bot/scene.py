"""One turn of one conversation, inside one transaction: the machine's effects written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.assignments import Assigned, assign, assigned
from bot.casework import Concern, Subject, danger_open, end_running, raise_flag, reopen
from bot.columns import UNREADABLE
from bot.consents import has_consented
from bot.core.escalation import same_episode
from bot.core.kinds import Outcome, Purpose
from bot.core.speech import first_name
from bot.core.turn import Assigns, Effect, Finish, Given, RaiseFlag, Remember, Say, Schedule, Turn
from bot.flows import Shelf
from bot.models import CheckIn, Flag, Message, Participant, Plan, Reply, Staff
from bot.outbox import Draft, Post, Recipient, drop_questions, queue
from bot.people import Asked, Worker, plan
from bot.talking import is_talking


@dataclass(frozen=True)
class Talk:
    """What conversations need."""

    post: Post
    shelf: Shelf


def called(caseworker: Staff | Worker | None, programme: str) -> str:
    """By which name texts speak to somebody: their caseworker's first name, or the programme's where there is none, or
    none that a key opens.
    """
    return programme if caseworker is None or caseworker.name == UNREADABLE else first_name(caseworker.name)


def given_to(
    talk: Talk, person: Participant | Asked, in_danger: bool, wordings: Mapping[str, str], now: datetime
) -> Given:
    """What the machine may know of this person now; `wordings` are those they were assigned, by state of the flow."""
    settings = talk.post.settings
    worker = called(person.caseworker, settings.programme)
    return Given(
        language=person.language,
        now=now.astimezone(ZoneInfo(person.zone)),
        words={"worker": worker, "programme": settings.programme, "contact": settings.contact},
        always=talk.shelf.always,
        safety_said=same_episode(person.safety_said_at, in_danger, now),
        participant_id=person.id,
        assigned=wordings,
    )


@dataclass(frozen=True)
class Scene:
    """One turn of one conversation, inside one transaction: what the machine may know, and its effects written down.

    `to` is None where nothing may be sent to the person; then what would be said is not queued.
    """

    session: Session
    talk: Talk
    participant: Participant
    check_in: CheckIn | None
    to: Recipient | None
    now: datetime
    message: Message | None = None

    def given(self) -> Given:
        session, person, running = self.session, self.participant, self.check_in
        wordings = assigned(session, person.id, running.flow_name) if running else {}
        return given_to(self.talk, person, danger_open(session, person.id), wordings, self.now)

    def perform(self, turn: Turn, send_before: datetime | None = None) -> None:
        """Write the turn down: every effect in order, then where the check-in stands.

        A turn that leaves the talking to people takes back what was still to be asked.
        """
        if self.check_in is not None and Finish(Outcome.HANDED_OVER) in turn.effects:
            drop_questions(self.session, self.check_in.id)
        for effect in turn.effects:
            self._do(effect, send_before)
        if self.check_in is not None and turn.position is not None:
            self.check_in.position = turn.position.to_dict()

    def _do(self, effect: Effect, send_before: datetime | None) -> None:
        match effect:
            case Say():
                said = self._say(effect, send_before)
                if effect.assigns is not None and self.check_in is not None:
                    self._assign(self.check_in, effect.assigns, said)
            case RaiseFlag():
                self._raise(effect)
            case Remember(name, value):
                if self.check_in is not None:
                    said_in = self.message.id if self.message else None
                    reply = Reply(
                        check_in_id=self.check_in.id, name=name, value=value, at=self.now, message_id=said_in
                    )
                    self.session.add(reply)
            case Schedule(flow, at, values):
                self._plan(flow, at, dict(values))
            case Finish(outcome):
                end_running(self.session, self.participant.id, outcome, self.now)

    def _assign(self, check_in: CheckIn, wording: Assigns, said: Message | None) -> None:
        """Where nothing was said, as there is nowhere to send it, it is assigned all the same."""
        whose, name, version = check_in.participant_id, check_in.flow_name, check_in.flow_version
        new = Assigned(whose, name, version, check_in.id, wording, said.id if said else None)
        assign(self.session, [new], self.now)

    def _plan(self, flow: str, at: datetime, values: dict[str, str]) -> None:
        """The same flow, for the same, is planned once: told twice of a new job, we ask about it once."""
        waits = select(Plan).where(Plan.participant_id == self.participant.id, Plan.flow_name == flow)
        alike = self.session.scalars(waits.where(Plan.next_check_in_at.is_not(None), Plan.repeat_days.is_(None)))
        flow_now = self.talk.shelf.flows.get(flow)
        bound_to = flow_now.given if flow_now else ()
        for waiting in alike:
            if all(waiting.given.get(name) == values.get(name) for name in bound_to):
                waiting.next_check_in_at = at
                return
        plan(self.session, self.participant, flow, at, given=values)

    def _say(self, said: Say, send_before: datetime | None) -> Message | None:
        if self.to is None or not said.text or self._carrier_helped(said) or self._people_talk(said):
            return None
        if said.purpose is Purpose.SAFETY and self._may_be_texted():
            self.participant.safety_said_at = self.now
        draft = Draft(
            to=self.to,
            body=said.text,
            purpose=said.purpose,
            check_in_id=self.check_in.id if self.check_in else None,
            answers_at=self.message.at if self.message else None,
            send_before=send_before,
        )
        return queue(self.session, draft, self.now)

    def _may_be_texted(self) -> bool:
        """A safety text that will not leave for want of consent was not said: the next one is."""
        to = self.to
        return to is not None and has_consented(self.session, self.participant.id, to.channel, to.value_hash)

    def _people_talk(self, said: Say) -> bool:
        """A person is talking with them: a machine that thanks and passes on would talk across."""
        small_talk = self.check_in is None and said.purpose is Purpose.ANSWER
        return small_talk and is_talking(self.participant, self.now)

    def _carrier_helped(self, said: Say) -> bool:
        """The carrier itself sent the programme's HELP text: a second one would only repeat it."""
        heard = (self.message.carrier_says or "") if self.message else ""
        return said.purpose is Purpose.NOTICE and heard.upper() == "HELP"

    def _raise(self, wanted: RaiseFlag) -> None:
        """A "no" to "did the help come?" opens the flag that the question was about."""
        rules = self.talk.post.rules
        about = self.session.get(Flag, self.check_in.flag_id) if self.check_in and self.check_in.flag_id else None
        if about is not None and about.kind is wanted.kind:
            reopen(self.session, about.id, rules, self.now)
        concern = Concern(wanted.kind, wanted.urgent, self.message.id if self.message else None, wanted.hits)
        raise_flag(self.session, Subject(self.participant.id), concern, rules, self.now)
