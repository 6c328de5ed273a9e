"""Rules, the trained model and the closed list, brought to one answer.

Rules decide what must be certain. The model reads everything, with the rules' hints in view. Only the closed list
takes a message off people's hands. Where the model cannot be read the rules go on alone and nothing is closed.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from bot.core import keywords
from bot.core.keywords import Kind
from bot.core.kinds import Found, Hit, Intent, Lane, Need
from bot.core.needs.clear import harmless
from bot.core.needs.model import ALARM, OUTPUTS, URGENT, Model, Reading, load
from bot.core.needs.phrases import TABLE, Table
from bot.core.needs.written import Written, written
from bot.core.normal import Normal, normalise

WEIGHTS = Path(__file__).with_name("weights")
SENTENCES = 2  # that are read by themselves at the most, to be in time
SURER = 3.0  # log-odds by which a sentence read by itself has to be surer than a whole message
SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]*")
ENDING, ENOUGH, HINTED = (Intent.STOP, Intent.WRONG_NUMBER), 3, 0.15  # words; the chance where a rule hints
JUDGE = "reads like it, please judge"  # follows the model's version where no words alone say so


@dataclass(frozen=True)
class Detector:
    """What reads messages: tables of phrases, and the trained model, or None where there is none."""

    tables: tuple[Table, ...]
    model: Model | None

    def find(self, text: str) -> Found:
        """Read one message of any length and language; the same text always gives the same answer.

        NOW means somebody may be in danger: a person is alerted at once. CLOSED means the whole message is plainly
        harmless and wants nothing. Everything else, also what nobody understands, is TODAY: being unsure means that
        a person reads it.
        """
        normal = normalise(text)
        told = _told(self.tables, normal)
        if self.model is None:
            lane = Lane.NOW if any(hit.urgent for hit in told.hits) else Lane.TODAY
            return Found(lane, told.intent, told.hits, by_rule=told.intent)
        return _Message(self.model, text, normal, told).found()

    def chances(self, text: str) -> dict[str, float]:
        """How likely each of the model's outputs is of this message, before thresholds: what training sets them by.

        An alarm that a rule raises for certain has the chance 1.
        """
        assert self.model is not None, "only a model gives chances"
        normal = normalise(text)
        return _Message(self.model, text, normal, _told(self.tables, normal)).chances_of_all()


@dataclass(frozen=True)
class _Told:
    """What the rules say of a message."""

    hits: tuple[Hit, ...]
    keyword: keywords.Told
    wants_a_person: bool

    @property
    def outputs(self) -> frozenset[str]:
        """The names of the model's outputs that the rules speak for."""
        alarms = {URGENT, ALARM} if any(hit.urgent for hit in self.hits) else set()
        return frozenset({hit.need.value for hit in self.hits} | alarms | ({self.intent.value} - {Intent.REPLY.value}))

    @property
    def intent(self) -> Intent:
        if self.keyword.kind in (Kind.STOP, Kind.WRONG_NUMBER):
            return Intent(self.keyword.kind.value)
        if self.wants_a_person:
            return Intent.HUMAN
        return Intent.HELP if self.keyword.kind is Kind.HELP else Intent.REPLY


def _told(tables: tuple[Table, ...], normal: Normal) -> _Told:
    hits = tuple(hit for table in tables for hit in table.hits(normal))
    return _Told(hits, keywords.told(normal), any(table.asks_for_a_person(normal) for table in tables))


def rules_say(text: str) -> frozenset[str]:
    """The names of the model's outputs that the shipped rules speak for: what training weighs them by."""
    return _told((TABLE,), normalise(text)).outputs


class _Message:
    """One message read by rules and model."""

    def __init__(self, model: Model, text: str, normal: Normal, told: _Told) -> None:
        self.model, self.text, self.normal, self.told = model, text, normal, told
        self.form = written(text, normal)
        self.readings: list[Reading] = []
        self.chances: dict[str, float] = {}
        self.alone: dict[str, dict[str, float]] = {}  # what passages say read by themselves
        if any(letter.isalpha() for letter in self.form.text):
            self._read(self.form.text)
            if not self._there(ALARM):  # what rings already need not be read again
                self._read(*_without_small_talk(text), out_of_place=_hinted(text, told.hits))

    def _read(self, *texts: str, out_of_place: Sequence[str] = ()) -> None:
        """Read these too, and what stood among other words, which counts where it sounds so much surer alone."""
        known = {reading.text for reading in self.readings}
        whole = [each for each in dict.fromkeys(texts) if each not in known]
        torn = [each for each in dict.fromkeys(out_of_place) if each not in {*known, *whole}]
        read = self.model.read(*whole, *torn) if whole or torn else []
        self.readings += read[: len(whole)]
        self.readings += [replace(each, odds=each.odds - SURER) for each in read[len(whole) :]]
        self.chances = self.model.chances(self.readings, self.told.outputs)

    def found(self) -> Found:
        needs = self._needs()
        danger = self._danger(needs)
        hits = tuple(hit for need in Need if need in needs or need is danger for hit in self._reasons(need, danger))
        intent = self._intent()
        in_order = tuple(sorted(hits, key=lambda hit: (hit.start, -hit.end)))
        return Found(self._lane(hits, intent), intent, in_order, by_rule=self.told.intent)

    def chances_of_all(self) -> dict[str, float]:
        found = {name: self.chances.get(name, 0.0) for name in OUTPUTS}
        certain = {hit.need.value for hit in self.told.hits if hit.certain}
        if any(hit.certain and hit.urgent for hit in self.told.hits):
            certain.add(ALARM)
        return found | dict.fromkeys(certain, 1.0)

    def _there(self, output: str) -> bool:
        return self.chances.get(output, 0.0) >= self.model.thresholds[output]

    def _needs(self) -> set[Need]:
        certain = {hit.need for hit in self.told.hits if hit.certain}
        return certain | {need for need in Need if self._there(need.value)}

    def _danger(self, needs: set[Need]) -> Need | None:
        """The need that the model's alarm is raised for: danger to a person, or an emergency of the body.

        None where it hears no danger, or where a rule rings already and names another need than danger to a person.
        """
        rings = any(hit.certain and hit.urgent for hit in self.told.hits)
        if not self._there(ALARM) or (rings and Need.SAFETY not in needs):
            return None
        sick = self.chances.get(Need.HEALTH.value, 0.0) >= self.chances.get(Need.SAFETY.value, 0.0)
        return Need.HEALTH if Need.HEALTH in needs and Need.SAFETY not in needs and sick else Need.SAFETY

    def _reasons(self, need: Need, danger: Need | None) -> list[Hit]:
        """The words of rules that are certain of it; where there are none, the passage that moved the model most.

        A rule that only hints is weighed with everything else, so its words alone are not the reason.
        """
        urgent = need is danger
        certain = [hit for hit in self.told.hits if hit.need is need and hit.certain]
        return [replace(hit, urgent=urgent or hit.urgent) for hit in certain] or [self._passage(need, urgent)]

    def _passage(self, need: Need, urgent: bool) -> Hit:
        """The passage counts as the reason where it says so by itself; otherwise a person is asked to judge."""
        output = need.value if self._there(need.value) or not urgent else ALARM
        start, end = self.model.passage(self.readings[0], output)
        rule = f"model {self.model.version}" + ("" if self._says_so(start, end, output) else f", {JUDGE}")
        first, last = _original(self.form, start, end)
        return Hit(need, urgent, first, last, rule)

    def _says_so(self, start: int, end: int, output: str) -> bool:
        """Whether a passage alone reads like it. Of a message too long to be read as one, nobody can tell in time."""
        if not self.readings[0].whole:
            return False
        passage = self.form.text[start:end]
        if passage not in self.alone:
            self.alone[passage] = self.model.chances(self.model.read(passage), frozenset())
        return self.alone[passage][output] >= self.model.thresholds[output]

    def _intent(self) -> Intent:
        if self.told.keyword.whole:
            return self.told.intent
        return next((intent for intent in Intent if self._means(intent)), Intent.REPLY)

    def _means(self, intent: Intent) -> bool:
        """Texts end on a slighter chance where a rule hints at it. Else not in fewer words than three, as a bare "no"
        answers a question, and not where the writer says that texts are welcome or that they are who we mean, or where
        a rule knows it for what only sounds so or for a phone that somebody watches. Who says that it is watched and
        not to text is taken at their word.
        """
        hinted = intent is self.told.intent
        if intent in ENDING and hinted:
            watched = any(hit.watched for hit in self.told.hits)
            return watched or self.chances.get(intent.value, 0.0) >= HINTED
        return self._there(intent.value) and (intent not in ENDING or self._may_end())

    def _may_end(self) -> bool:
        spoken = sum(word.text.isalnum() for word in self.normal.words)
        watched = any(hit.watched for hit in self.told.hits)  # nothing is sent there anyway, until a person did
        return spoken >= ENOUGH and not (self.told.keyword.wanted or self.told.keyword.figurative or watched)

    def _lane(self, hits: tuple[Hit, ...], intent: Intent) -> Lane:
        if any(hit.urgent for hit in hits):
            return Lane.NOW
        if not hits and not self.told.hits and intent is Intent.REPLY and harmless(self.text, self.normal):
            return Lane.CLOSED
        return Lane.TODAY


def _without_small_talk(text: str) -> list[str]:
    """The message without its sentences that are on the closed list, in written form; nothing where none is."""
    sentences = SENTENCE.findall(text)
    rest = "".join(each for each in sentences if not harmless(each, normalise(each)))
    form = _form(rest) if len(rest) < len(text) else ""
    return [form] if form else []


def _hinted(text: str, hits: tuple[Hit, ...]) -> list[str]:
    """The sentences in which a rule hears danger, in written form: what stands around them must not drown it."""
    cuts = [0, *(found.end() for found in SENTENCE.finditer(text)), len(text)]
    spans = dict.fromkeys(
        (cuts[bisect_right(cuts, hit.start) - 1], cuts[bisect_left(cuts, hit.end)]) for hit in hits if hit.urgent
    )
    forms = (_form(text[start:end]) for start, end in list(spans)[:SENTENCES])
    return [form for form in forms if form]


def _form(text: str) -> str:
    """The written form, empty where there is nothing to read in it."""
    form = written(text, normalise(text)).text
    return form if any(letter.isalpha() for letter in form) else ""


def _original(form: Written, start: int, end: int) -> tuple[int, int]:
    """A span of the written form as a span of the message."""
    return form.words[start].start, form.words[end - 1].end


RULES_ALONE = Detector((TABLE,), None)


@cache
def shipped() -> Detector:
    """The detector with the rules and weights that ship with Standby. Without readable weights: rules alone."""
    return Detector((TABLE,), readable(WEIGHTS))


def readable(folder: Path) -> Model | None:
    """The model of a folder, or None where its files are missing or damaged; /readyz says so."""
    try:
        return load(folder)
    except Exception:  # damaged bytes break the readers of zip, numpy and TOML in ever new ways
        return None
