"""People who were asked in one wording or another, as the database would hold them: for comparisons counted by hand."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.core.delivery import Status
from bot.core.flow import Flow, parse
from bot.core.kinds import Answer, Language, Outcome, Purpose
from bot.models import Assignment, CheckIn, Direction, FlowVersion, Message
from tests.world import World

AT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
WARM, SHORT = 'wordings.warm.say.en = "Thinking of you."', 'wordings.short.say.en = "Well?"'


def flow(*lines: str) -> Flow:
    """A flow that asks one question in these wordings."""
    return parse(
        "weekly",
        'title = "Weekly check-in"\nstart = "open"\nanswer_within = "3 days"\n[states.open]\n'
        'say.en = "How are you?"\nexpect = "text"\n' + "\n".join(lines),
    )


TWO = flow("planned = 10", WARM)


@dataclass
class Asked:
    """Puts down people who were asked, as the database would hold them."""

    world: World
    flow: Flow = TWO

    def __call__(
        self,
        wording: str,
        times: int = 1,
        answer: Answer | None = None,
        status: Status | None = Status.DELIVERED,
        outcome: Outcome | None = Outcome.SILENT,
    ) -> None:
        for _ in range(times):
            person = self.world.participant("Ana")
            with self.world.standby.db.writing() as session:
                session.merge(FlowVersion(version=self.flow.version, name="weekly", source=self.flow.source))
                session.flush()
                check_in = CheckIn(
                    participant_id=person.id, flow_name="weekly", flow_version=self.flow.version, started_at=AT,
                    ended_at=AT + timedelta(days=3) if outcome else None, outcome=outcome, channel="sms",
                    language=Language.EN, week=date(2026, 11, 23), first_status=status, asked_at=None, answer=answer,
                )  # fmt: skip
                session.add(check_in)
                session.flush()
                text = None if status is None else self._text(person.id, check_in.id, status)
                session.add_all([text] if text else [])
                session.flush()
                session.add(
                    Assignment(
                        participant_id=person.id, flow_name="weekly", state="open", variant=wording, at=AT,
                        flow_version=self.flow.version, check_in_id=check_in.id,
                        message_id=text.id if text else None, answer=answer,
                    )
                )  # fmt: skip

    def _text(self, participant_id: int, check_in_id: int, status: Status) -> Message:
        return Message(
            direction=Direction.OUT, channel="sms", other="+18165550199", other_hash="hash", body="How are you?", at=AT,
            participant_id=participant_id, check_in_id=check_in_id, purpose=Purpose.CHECK_IN, status=status,
        )  # fmt: skip

    def answered(self, wording: str, times: int = 1) -> None:
        self(wording, times, Answer.IN_TIME, outcome=Outcome.FINISHED)
