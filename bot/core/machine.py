"""The state machine: a flow, a position and a reply give the next position and what is to be done.

Pure and total: any text in any state gives a Turn, never an exception. The shell (bot/checkins.py) performs the
effects and stores the position between replies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from bot.core.answers import Understood, understand
from bot.core.flow import Does, Expect, Flow, Planned, State, Texts
from bot.core.hours import SENDING_HOURS
from bot.core.kinds import Attention, FlagKind, Found, Intent, Lane, Language, Outcome, Purpose, flag_kind
from bot.core.speech import render
from bot.core.turn import Assigns, Effect, Finish, Given, Position, RaiseFlag, Remember, Say, Schedule, Turn
from bot.core.wordings import USUAL, share_out

MORNING = time(9)  # a date without an hour is taken to mean the morning
AFTERNOON = time(17)  # inside the sending hours of any programme
LEAST_NOTICE = timedelta(hours=1)  # a reminder later than this leaves no time to act on it


def begin(flow: Flow, values: Mapping[str, str], given: Given) -> Turn:
    """Start the flow: its first texts and where it waits."""
    return _Walk(flow, given, Purpose.CHECK_IN).to(flow.start, Position(flow.start, dict(values)))


def nudge(flow: Flow, position: Position, given: Given) -> Turn:
    """Ask once more after silence."""
    return Turn(position, (_say(flow.nudge, position.values, given, Purpose.CHECK_IN),))


def silence(flow: Flow, position: Position, given: Given) -> Turn:
    """Nobody answered in time: what the flow says of that, and the end.

    Who replied once and then left a question open was not silent: a flag for that would be false, and a reminder of
    an appointment that is being moved would be wrong.
    """
    done = () if position.heard else _do(flow.silence, position.values, given)
    return Turn(None, (*done, Finish(Outcome.SILENT)))


def replaced(flow: Flow, position: Position, given: Given) -> Turn:
    """Something bound to a date cuts in, and nobody can answer any more. What the flow plans for silence is planned
    all the same, as a second appointment takes nothing from the first; flags are not raised: nobody was silent.
    """
    plans = () if position.heard else _plans(flow.silence, position.values, given)
    return Turn(None, (*plans, Finish(Outcome.REPLACED)))


def unprompted(found: Found, given: Given) -> Turn:
    """A text that no check-in waits for."""
    found = _kept_open(found)
    talk = [_passed_on(given)] if found.hits or found.intent is Intent.HUMAN else []
    return Turn(None, (*_heard(found, given, talk), *_flags_of(found)), found.lane)


def reply(flow: Flow, position: Position, text: str, found: Found, given: Given) -> Turn:
    """One reply to a check-in. It may answer the question, tell something else, or both.

    An urgent finding or a request for a person ends the questions and leaves the talking to people; what the same
    reply answers is kept all the same, and raises its flags.
    """
    found = _kept_open(found)
    state = flow.states.get(position.state)
    said = understand(state, text, given.language, given.now) if state else None
    found = found.certain if said and said.whole else found
    position = replace(position, spoken=tuple(dict.fromkeys((*position.spoken, *found.needs))), heard=True)
    if found.urgent or found.intent is Intent.HUMAN:
        return _handed_over(state, position, said, found, given)
    if found.intent is Intent.HELP:
        return Turn(position, (*_heard(found, given, []), *_flags_of(found)), found.lane)
    if state is None:
        return Turn(None, (*_flags_of(found), *_broken()), Lane.TODAY)
    if said is None:
        return _not_understood(flow, state, position, found, given)
    if said.answer and said.answer.does.flags_now:
        return _handed_over(state, position, said, found, given)
    return _answered(flow, state, position, said, found, given)


def _kept_open(found: Found) -> Found:
    """What was read only in part is put before a person, whatever the part that was read says."""
    return replace(found, lane=max(found.lane, Lane.TODAY, key=_weight)) if found.partial else found


def _answered(flow: Flow, state: State, position: Position, said: Understood, found: Found, given: Given) -> Turn:
    answer_does = said.answer.does if said.answer else Does()
    values = {**position.values, state.remember: said.value} if state.remember else position.values
    lane = _lane_of_answer(said, answer_does, found)
    flags = _flags_of(replace(found, lane=lane), answer_does, values) if lane is not Lane.CLOSED else ()
    done = (*_kept(state, said), *flags, *_plans(answer_does, values, given))
    target = (said.answer.next if said.answer else None) or state.next
    onward = _Walk(flow, given, Purpose.ANSWER).to(target, replace(position, values=values, misses=0))
    return Turn(onward.position, (*done, *onward.effects), max(lane, onward.lane, key=_weight))


def _kept(state: State | None, said: Understood | None) -> tuple[Effect, ...]:
    return (Remember(state.remember, said.value),) if state and state.remember and said else ()


def _weight(lane: Lane) -> int:
    return (Lane.CLOSED, Lane.TODAY, Lane.NOW).index(lane)


def _lane_of_answer(said: Understood, does: Does, found: Found) -> Lane:
    """A listed answer and nothing beside it needs nobody; a free text or an answer with more to it does as found."""
    if does.flags or does.flag_values or found.hits:
        return Lane.TODAY
    return Lane.CLOSED if said.whole and found.intent is Intent.REPLY and not found.partial else found.lane


def _not_understood(flow: Flow, state: State, position: Position, found: Found, given: Given) -> Turn:
    """Ask again while tries are left; but a need that was just told of is not asked for, only passed on."""
    flags = _flags_of(replace(found, lane=Lane.TODAY))
    position = replace(position, misses=position.misses + 1)
    told = state.unless_spoken is not None and state.unless_spoken in position.spoken
    if position.misses < state.tries and not told:
        return Turn(position, (*flags, _ask_again(flow, state, position, found, given)), Lane.TODAY)
    onward = _Walk(flow, given, Purpose.ANSWER).to(state.next, replace(position, misses=0))
    return Turn(onward.position, (*flags, *onward.effects), Lane.TODAY)


def _ask_again(flow: Flow, state: State, position: Position, found: Found, given: Given) -> Say:
    opening = given.always.noted if found.hits else given.always.again
    asked = state.worded[_wording(flow, state, given)]
    own = state.again if state.again and not found.hits else again_texts(opening, asked)
    return _say(own, position.values, given, Purpose.ANSWER)


def again_texts(opening: Texts, asked: Texts) -> Texts:
    """A question asked once more: an opening, then the question itself."""
    return {language: f"{opening[language]} {text}" for language, text in asked.items() if language in opening}


def _wording(flow: Flow, state: State, given: Given) -> str:
    """The wording of a state that the person gets: the one they have, or the usual one where that was taken out."""
    if not state.wordings:
        return USUAL
    wording = given.assigned.get(state.name) or share_out(flow.name, state.name, given.participant_id, state.worded)
    return wording if wording in state.worded else USUAL


def _handed_over(state: State | None, position: Position, said: Understood | None, found: Found, given: Given) -> Turn:
    """The questions end here and people take over, at once where the words or the chosen answer are urgent."""
    does = said.answer.does if said and said.answer else Does()
    lane = Lane.NOW if found.urgent or does.flags_now else Lane.TODAY
    found = replace(found, lane=lane)
    flags = _flags_of(found, does, position.values)
    heard = _heard(found, given, [_passed_on(given)])
    return Turn(None, (*heard, *_kept(state, said), *flags, Finish(Outcome.HANDED_OVER)), lane)


def _heard(found: Found, given: Given, talk: Sequence[Effect]) -> Sequence[Effect]:
    """What is said because of the finding itself: the safety text at most once an episode, or help, or `talk`.

    To a phone that somebody else looks at, nothing.
    """
    if found.watched:
        return []
    if found.urgent:
        return [] if given.safety_said else [_say(given.always.safety, {}, given, Purpose.SAFETY)]
    if found.intent is Intent.HELP:
        return [_say(given.always.help, {}, given, Purpose.NOTICE)]
    return talk


def _flags_of(found: Found, does: Does | None = None, values: Mapping[str, str] | None = None) -> tuple[Effect, ...]:
    """Each kind once: what was found in the words, what the chosen answer raises; READ where that is not all."""
    flags: dict[FlagKind, RaiseFlag] = {}
    for need in found.needs:
        hits = tuple(hit for hit in found.hits if hit.need is need)
        flags[need] = RaiseFlag(need, any(hit.urgent for hit in hits), hits)
    for raised in _raised(does or Does(), values or {}):
        before = flags.get(raised.kind, raised)
        flags[raised.kind] = replace(before, urgent=before.urgent or raised.urgent)
    match found.intent:
        case Intent.HUMAN:
            flags[Attention.HUMAN] = RaiseFlag(Attention.HUMAN)
        case Intent.HELP:
            flags[Attention.HELP] = RaiseFlag(Attention.HELP)
    if found.urgent and not any(flag.urgent for flag in flags.values()):
        flags[Attention.READ] = RaiseFlag(Attention.READ, urgent=True)
    if found.partial or (not flags and found.lane is not Lane.CLOSED):
        flags.setdefault(Attention.READ, RaiseFlag(Attention.READ))
    return tuple(flags.values())


def _raised(does: Does, values: Mapping[str, str]) -> tuple[RaiseFlag, ...]:
    named = [_kind_named(values.get(name, "")) for name in does.flag_values]
    return (*map(RaiseFlag, (*does.flags, *named)), *(RaiseFlag(kind, urgent=True) for kind in does.flags_now))


def _kind_named(name: str) -> FlagKind:
    """The kind a value names; a person reads the check-in where it names none."""
    try:
        return flag_kind(name)
    except ValueError:
        return Attention.READ


def _do(does: Does, values: Mapping[str, str], given: Given) -> tuple[Effect, ...]:
    return (*_raised(does, values), *_plans(does, values, given))


def _plans(does: Does, values: Mapping[str, str], given: Given) -> tuple[Effect, ...]:
    timed = [(plan, due_at(plan, values, given.now)) for plan in does.plans]
    return tuple(Schedule(plan.flow, at, dict(values)) for plan, at in timed if at is not None)


def due_at(plan: Planned, values: Mapping[str, str], now: datetime) -> datetime | None:
    """When a planned flow is due. None where its date is missing, unreadable, or too near for the reminder.

    A reminder that would wait for the sending hours until it is of no use (three hours before 8:30) comes on the
    afternoon before.
    """
    if plan.after is not None:
        return now + plan.after
    target = moment_of(values.get(plan.date or "", ""), now)
    if target is None or plan.before is None or target - now <= plan.before:
        return None
    due = target - plan.before
    try:
        due = due if _of_use(due, target, now) else _afternoon_before(due, now)
    except OverflowError:  # the last day of the calendar, mistyped
        return None
    return due if due > now else None


def _of_use(due: datetime, target: datetime, now: datetime) -> bool:
    """Whether a text due then still leaves with some notice, on the wall clock of `now`'s zone."""
    local = due.astimezone(now.tzinfo)
    if SENDING_HOURS.opens <= local.time() < SENDING_HOURS.closes:
        return True
    day = local.date() if local.time() < SENDING_HOURS.opens else local.date() + timedelta(days=1)
    return datetime.combine(day, SENDING_HOURS.opens, now.tzinfo) + LEAST_NOTICE <= target


def _afternoon_before(due: datetime, now: datetime) -> datetime:
    local = due.astimezone(now.tzinfo)
    day = local.date() if local.time() > AFTERNOON else local.date() - timedelta(days=1)
    return datetime.combine(day, AFTERNOON, now.tzinfo)


def moment_of(value: str, now: datetime) -> datetime | None:
    """The instant that a remembered ISO date or instant names; without an hour the morning, without a zone `now`'s."""
    try:
        if "T" not in value:
            return datetime.combine(date.fromisoformat(value), MORNING, now.tzinfo)
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def _say(texts: Texts, values: Mapping[str, str], given: Given, purpose: Purpose) -> Say:
    text = texts.get(given.language) or texts.get(Language.EN, "")
    return Say(render(text, {**values, **given.words}, given.language), purpose)


def _passed_on(given: Given) -> Say:
    return _say(given.always.passed_on, {}, given, Purpose.ANSWER)


def _broken() -> tuple[Effect, ...]:
    return (RaiseFlag(Attention.READ), Finish(Outcome.BROKEN))


@dataclass(frozen=True)
class _Walk:
    """Walks from state to state until one waits for a reply, or the flow ends."""

    flow: Flow
    given: Given
    purpose: Purpose

    def to(self, name: str | None, position: Position) -> Turn:
        """A walk longer than the flow has states goes in a circle and ends as broken; flow_check refuses such flows."""
        effects: list[Effect] = []
        for _ in range(len(self.flow.states) + 1):
            if name is None:
                return Turn(None, (*effects, Finish(Outcome.FINISHED)))
            state = self.flow.states.get(name)
            if state is None:
                break
            if state.unless_spoken not in position.spoken:
                effects += self.enter(state, position)
                if state.expect is not Expect.NOTHING:
                    here = position if position.state == state.name else replace(position, state=state.name)
                    return Turn(here, tuple(effects))
            name = state.next
        return Turn(None, (*effects, *_broken()), Lane.TODAY)

    def enter(self, state: State, position: Position) -> list[Effect]:
        wording = _wording(self.flow, state, self.given)
        says = [self.say(state, wording, position)] if state.say else []
        return [*_do(state.does, position.values, self.given), *says]

    def say(self, state: State, wording: str, position: Position) -> Say:
        said = _say(state.worded[wording], position.values, self.given, self.purpose)
        is_new = state.wordings and state.name not in self.given.assigned
        return replace(said, assigns=Assigns(state.name, wording)) if is_new else said
