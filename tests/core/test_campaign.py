"""Which texts are registered, and what the form allows."""

import pytest

from bot.core.campaign import Names, description, every_text, message_flow, misfits, samples
from bot.core.flow import Flow, parse
from bot.flows import load_flows
from tests.conftest import FLOWS

NAMES = Names("River Check-In", "816-555-0199", "Dana")
ALERT = "Standby: someone needs an answer. Open https://r.example.net/alerts/X or text back 0000 to take it."
SHELF = load_flows(FLOWS)


def _flow(name: str, say: str, spanish: str = "Hola, ¿cómo va todo en su casa?") -> Flow:
    source = f'title = "T"\nstart = "a"\nanswer_within = "1 day"\n[states.a]\nsay.en = "{say}"\nsay.es = "{spanish}"\n'
    return parse(name, source)


def test_the_shipped_flows_show_how_talks_begin_a_question_spanish_and_an_alert() -> None:
    shown = samples(SHELF.flows, NAMES, ALERT)
    assert [text[:22] for text in shown] == [
        "River Check-In: Hi, Da", "Hi, it's Dana. How is ", "Good to hear from you.", "River Check-In: Hola, ",
        ALERT[:22],
    ]  # fmt: skip
    assert list(misfits("d" * 40, "f" * 40, shown)) == []


def test_nothing_is_shown_that_is_not_sent() -> None:
    said = set(every_text(SHELF.flows, SHELF.always, NAMES))
    assert set(samples(SHELF.flows, NAMES, ALERT)) - {ALERT} <= said
    assert not [text for text in said if "{" in text]


def test_flows_of_other_names_come_by_name_and_what_does_not_fit_is_left_out() -> None:
    flows = {name: _flow(name, say) for name, say in (("b", "How are things at your place?"), ("a", "Hi!"))}
    assert samples(flows, NAMES, ALERT) == ("How are things at your place?", "Hola, ¿cómo va todo en su casa?", ALERT)


def test_a_text_that_two_flows_begin_with_is_shown_once() -> None:
    flows = {name: _flow(name, "How are things at your place?") for name in "abc"}
    assert samples(flows, NAMES, ALERT).count("How are things at your place?") == 1


@pytest.mark.parametrize(
    ("said", "flow", "shown", "what"),
    [
        ("d" * 39, "f" * 40, (ALERT, ALERT), "The description has 39 characters; 40 to 4096"),
        ("d" * 4097, "f" * 40, (ALERT, ALERT), "The description has 4097"),
        ("d" * 40, "f" * 2049, (ALERT, ALERT), "The message flow has 2049 characters; 40 to 2048"),
        ("d" * 40, "f" * 40, (ALERT,), "There are 1 samples; 2 to 5"),
        ("d" * 40, "f" * 40, (ALERT,) * 6, "There are 6 samples"),
        ("d" * 40, "f" * 40, (ALERT, "too short"), "A sample has 9 characters"),
        ("d" * 40, "f" * 40, (ALERT, "x" * 1025), "A sample has 1025 characters"),
    ],
)
def test_what_the_form_would_not_take_is_told(said: str, flow: str, shown: tuple[str, ...], what: str) -> None:
    (told,) = misfits(said, flow, shown)
    assert told.startswith(what)


def test_what_describes_the_programme_fits_with_the_longest_names() -> None:
    welcome = "x" * 320
    assert list(misfits(description("x" * 30), message_flow("x" * 30, welcome), (ALERT, ALERT))) == []


def test_times_are_read_aloud_and_other_values_are_examples() -> None:
    texts = [text for text in every_text(SHELF.flows, SHELF.always, NAMES) if "You have a time set for" in text]
    assert texts == [
        "Hi, it's Dana. You have a time set for Thursday, December 3 at 2:30 pm. Reply 1 I will be there, 2 move it, "
        "3 I need a ride."
    ]
