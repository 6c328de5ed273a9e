"""The line on every staff page that says how much danger nobody has in hand, and since when."""

from datetime import timedelta

from bot.core.escalation import Urgency
from bot.core.kinds import Need
from bot.models import Danger, Role
from bot.web.access import urgent_waiting
from bot.web.auth import SignedIn
from tests.kept import DAY, NOW, Kept
from tests.world import World

SAM = SignedIn(id=1, name="Sam", role=Role.SUPERVISOR, team="", on_call=False, stands_in_for=(), seal="")


def test_what_was_taken_meanwhile_stands_open_since_it_was_opened_again(world: World) -> None:
    with world.standby.db.writing() as session:
        kept = Kept(session)
        flag = kept.flag(Need.SAFETY, NOW - 8 * DAY, urgency=Urgency.NOW)
        session.query(Danger).update({"taken_at": NOW - 7 * DAY})
        again = NOW - timedelta(hours=2)
        session.add(Danger(flag_id=flag.id, since=again))
        kept.flag(Need.HOUSING, NOW - 9 * DAY)
        session.flush()
        assert urgent_waiting(session, SAM) == (1, again)
        kept.flag(Need.SAFETY, NOW - DAY, urgency=Urgency.NOW)
        assert urgent_waiting(session, SAM) == (2, NOW - DAY)
