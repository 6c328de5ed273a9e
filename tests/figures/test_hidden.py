"""What researchers may know: no count of few people, in no sentence, table or picture, and none that can be told."""

from dataclasses import replace

from bot.core.delivery import Status
from bot.core.escalation import Urgency
from bot.core.figure import HIDDEN, Figure
from bot.core.kinds import Need, Outcome
from bot.figures import answers, needs, people, steps
from bot.figures.catalogue import CATALOGUE, About, Tab, of_tab
from bot.figures.view import View, span
from bot.flows import load_flows
from bot.models import Role
from bot.policy import POLICY, load_policy
from bot.reports.scope import latest
from tests.conftest import FLOWS
from tests.kept import DAY, HOUR, MINUTE, NOW, THIS_WEEK, WEEK, ZONE, Kept

SCOPE = latest(NOW, ZONE, 2)
INSIDE = View(NOW, load_flows(FLOWS).flows, load_policy(FLOWS / POLICY))
OUTSIDE = replace(INSIDE, smallest=10, names=False)
SILENT, FINISHED = Outcome.SILENT, Outcome.FINISHED


def row(figure: Figure, place: int) -> list[object]:
    return list(figure.table.rows[place])


def test_shares_hide_with_their_counts_and_what_would_tell_them(kept: Kept) -> None:
    for at, answered, silent in ((THIS_WEEK - WEEK, 20, 4), (THIS_WEEK, 30, 25)):
        for _ in range(answered):
            kept.check_in(at, answered=HOUR, outcome=FINISHED)
        for _ in range(silent):
            kept.check_in(at, outcome=SILENT)
    figure = answers.by_week(kept.session, SCOPE, OUTSIDE)
    assert row(figure, 0)[1:6] == [HIDDEN] * 5, "4 were silent, so the 20 of 24 would tell them"
    assert HIDDEN in row(figure, 1)[1:3], "the sums of the weeks would tell them too"
    assert row(answers.by_week(kept.session, SCOPE, INSIDE), 0)[1:4] == [20, 24, 83.3]


def test_what_is_counted_apart_is_one_count_for_them(kept: Kept) -> None:
    for _ in range(12):
        kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED)
        kept.check_in(THIS_WEEK, outcome=SILENT)
    for outcome in (Outcome.STOPPED, Outcome.REPLACED) * 6:
        kept.check_in(THIS_WEEK, outcome=outcome)
    figure = answers.by_week(kept.session, SCOPE, OUTSIDE)
    assert figure.table.columns[-2:] == ("Counted apart", "Begun")
    assert row(figure, 1)[1:] == [12, 24, 50.0, 31.4, 68.6, 12, 36]


def test_steps_of_the_funnel_hide_where_their_differences_tell_of_few(kept: Kept) -> None:
    for place in range(40):
        first = Status.UNDELIVERED if place < 3 else Status.DELIVERED
        answered = place >= 20
        kept.check_in(THIS_WEEK, first, HOUR if answered else None, FINISHED if answered else SILENT)
    known = {cells[0]: cells[1] for cells in steps.funnel(kept.session, SCOPE, OUTSIDE).table.rows}
    assert known["Sent"] == 40 and known["Delivered"] == HIDDEN, "3 did not arrive"
    assert known["Answered"] == 20 and known["Resolved"] == 0


def test_the_curve_ends_where_it_would_tell_of_few(kept: Kept) -> None:
    for minutes, count in ((10, 15), (50, 15), (200, 3)):
        for _ in range(count):
            kept.check_in(THIS_WEEK, answered=minutes * MINUTE, outcome=FINISHED)
    for _ in range(20):
        kept.check_in(THIS_WEEK, outcome=SILENT, ended=4 * DAY)

    def told(view: View) -> dict[str, object]:
        return {str(cells[0]): cells[1] for cells in steps.time_to_reply(kept.session, SCOPE, view).table.rows}

    outside, inside = told(OUTSIDE), told(INSIDE)
    assert outside["Answered within 1 h (%)"] == round(100 * 30 / 53, 1)
    assert "Answered within 4 h (%)" not in outside, "3 answered between one and four hours"
    assert outside["Answered"] == outside["No answer so far"] == HIDDEN, "33 of whom 30 within an hour would tell the 3"
    assert outside["Check-ins that asked"] == 53 and outside["Half have answered after (minutes)"] == 50
    assert outside["Nine in ten have answered after (minutes)"] == HIDDEN
    assert inside["Answered within 4 h (%)"] == round(100 * 33 / 53, 1) and inside["Answered"] == 33
    assert inside["Nine in ten have answered after (minutes)"] == "not reached yet"


def test_of_few_check_ins_not_even_how_many_asked_is_told(kept: Kept) -> None:
    kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED)
    figure = steps.time_to_reply(kept.session, SCOPE, OUTSIDE)
    assert [cells[1] for cells in figure.table.rows] == [HIDDEN] * 5 and "n =" not in figure.says


def test_no_single_case_is_shown(kept: Kept) -> None:
    for place in range(25):
        taken = (place % 2 * 10 + 1) * MINUTE
        kept.flag(Need.SAFETY, THIS_WEEK + place * HOUR, taken=taken, urgency=Urgency.NOW)
    figure = people.danger(kept.session, SCOPE, OUTSIDE)
    assert figure.empty and figure.table.rows == (("in time", 13), ("late", 12), ("not yet", 0))
    assert "Kept: 52 % (33 to 70, n = 25)." in figure.says
    inside = people.danger(kept.session, SCOPE, INSIDE)
    assert len(inside.table.rows) == 25 and not inside.empty


def test_kinds_with_few_in_a_week_are_in_no_picture(kept: Kept) -> None:
    for kind, count in ((Need.JOB, 30), (Need.HOUSING, 4), (Need.LEGAL, 15)):
        for _ in range(count):
            kept.flag(kind, THIS_WEEK)
    figure = needs.by_week(kept.session, SCOPE, OUTSIDE)
    assert "Housing" not in [kind.name for kind in figure.chart.kinds], "4 of them"  # type: ignore[union-attr]
    assert "leaves out" in figure.says and "(4)" not in figure.says
    assert 4 not in row(figure, 1) and 49 not in [sum(each for each in row(figure, 1)[1:-1] if isinstance(each, int))]


def test_every_figure_is_made_of_nothing_under_its_name_on_its_page(kept: Kept) -> None:
    for view in (INSIDE, OUTSIDE):
        for entry in CATALOGUE:
            figure = entry.make(kept.session, SCOPE, view)
            assert figure.name == entry.name and figure.empty and figure.says
    for tab in Tab:
        shown = of_tab(tab, kept.session, SCOPE, INSIDE, Role.SUPERVISOR)
        assert tab is Tab.WORDINGS or [each.figure.name for each in shown]
    assert {entry.about for entry in CATALOGUE} | {About.WORDINGS} == set(About)


def test_a_range_is_said_with_its_years() -> None:
    assert span(SCOPE) == "Nov 16 to Nov 29, 2026"
    assert span(latest(NOW + 6 * WEEK, ZONE, 3)) == "Dec 21, 2026 to Jan 10, 2027"


def test_many_check_ins_of_few_people_are_no_group_of_their_own(kept: Kept) -> None:
    rare = kept.person()
    for cohort, size in (("Fall", 12), ("Spring", 15)):
        for _ in range(size):
            kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED, cohort=cohort)
    for place in range(30):
        kept.check_in(THIS_WEEK, outcome=SILENT, cohort="Ana's", participant_id=rare.id, local_hour=place)
    figure = answers.by_cohort(kept.session, SCOPE, OUTSIDE)
    assert [cells[:3] for cells in figure.table.rows] == [("Spring", 15, 15), ("Others, of few people each", 12, 42)]
    assert "Ana's" not in f"{figure}" and "Ana's" in f"{answers.by_cohort(kept.session, SCOPE, INSIDE)}"


def test_an_order_by_size_tells_nothing(kept: Kept) -> None:
    for kind, count in ((Need.LEGAL, 9), (Need.JOB, 2), (Need.HOUSING, 5), (Need.SAFETY, 30)):
        for _ in range(count):
            kept.flag(kind, THIS_WEEK)
    heads = needs.by_week(kept.session, SCOPE, OUTSIDE).table.columns[1:-1]
    assert list(heads) == sorted(heads) and len(heads) == 4
    for flow, count in (("weekly", 10), ("job", 20), ("court", 15)):
        for _ in range(count):
            kept.check_in(THIS_WEEK, answered=HOUR, outcome=FINISHED, flow=flow)
    names = [cells[0] for cells in answers.by_flow(kept.session, SCOPE, OUTSIDE).table.rows]
    assert names == sorted(names) and len(names) == 3


def test_a_funnel_is_drawn_up_to_what_is_hidden(kept: Kept) -> None:
    for place in range(40):
        first = Status.UNDELIVERED if place < 3 else Status.DELIVERED
        kept.check_in(THIS_WEEK, first, HOUR if place >= 20 else None, FINISHED if place >= 20 else SILENT)
    chart = steps.funnel(kept.session, SCOPE, OUTSIDE).chart
    assert chart.steps == (("Sent", 40),), "20 answered, of a hidden number"  # type: ignore[union-attr]
