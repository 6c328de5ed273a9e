"""Rules, model and closed list together: what each may decide, and what happens without one of them."""

import json
import random
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.kinds import Intent, Lane, Need
from bot.core.needs import find, shipped
from bot.core.needs.clear import harmless
from bot.core.needs.detector import JUDGE, RULES_ALONE, SENTENCE, WEIGHTS, Detector, readable
from bot.core.needs.model import WINDOW
from bot.core.needs.phrases import TABLE, read_table
from bot.core.normal import normalise

CORPUS = Path(__file__).resolve().parents[2] / "training" / "corpus"
SMALL_TALK = ["im good thanks", "todo bien gracias", "have a good day", "Gracias!", "ok 👍", "que tenga buen dia"]


def rows(*authors: str) -> list[dict]:
    return [json.loads(line) for each in authors for line in (CORPUS / f"{each}.jsonl").read_text("utf-8").splitlines()]


TUNING = [row["text"] for row in rows("delmar", "sloane")]
DANGERS = [row["text"] for row in rows("delmar", "sloane") if row["kind"] == "loud" and "safety" in row["needs"]]
FOUND = [text for text in DANGERS if find(text).lane is Lane.NOW]
PLAIN = [text for text in FOUND if not any(harmless(each, normalise(each)) for each in SENTENCE.findall(text))]


def test_the_weights_that_ship_can_be_read():
    assert shipped().model is not None


def test_without_a_model_nothing_is_closed_and_rules_still_ring():
    assert RULES_ALONE.find("im good thanks").lane is Lane.TODAY
    assert RULES_ALONE.find("").lane is Lane.TODAY
    assert RULES_ALONE.find("he hit me").lane is Lane.NOW
    assert RULES_ALONE.find("got put out last night").needs == (Need.HOUSING,)
    assert RULES_ALONE.find("stop texting me").intent is Intent.STOP


@pytest.mark.parametrize("damage", ["missing", "cut", "garbled", "other words"])
def test_damaged_weights_are_no_weights(tmp_path, damage):
    shutil.copytree(WEIGHTS, tmp_path / "weights")
    stored = tmp_path / "weights" / "weights.npz"
    match damage:
        case "missing":
            stored.unlink()
        case "cut":
            stored.write_bytes(stored.read_bytes()[:5000])
        case "garbled":
            stored.write_bytes(b"not a zip")
        case "other words":
            (tmp_path / "weights" / "model.toml").write_text("version = 1\n")
    assert readable(tmp_path / "weights") is None


def test_a_programmes_own_words_decide_by_themselves():
    own = read_table("""
        [[rule]]
        name = "the corner"
        language = "en"
        needs = ["safety"]
        urgent = true
        phrases = ["(they|dudes) (on|at) the 35th corner"]
        example = "they at the 35th corner again"
        lookalike = "lunch at the 35th corner store"
    """)
    detector = Detector((TABLE, own), shipped().model)
    found = detector.find("lol they at the 35th corner")
    assert found.lane is Lane.NOW
    assert [hit.rule for hit in found.hits if hit.need is Need.SAFETY] == ["the corner"]


STRANGE = ["", "   ", "👍🔥", "?!", "🤷", "1234567", "你好", "مرحبا", "\u200b", "привет, как дела"]


@pytest.mark.parametrize("text", STRANGE)
def test_what_cannot_be_read_is_read_by_a_person(text):
    assert find(text).lane is Lane.TODAY
    assert find(f"{text} 🤷").lane is Lane.TODAY


def test_danger_next_to_stop_is_both():
    found = find("stop texting me he has a gun to my head")
    assert (found.intent, found.lane) == (Intent.STOP, Lane.NOW)


@given(st.sampled_from(PLAIN), st.sampled_from(SMALL_TALK), st.sampled_from([". ", "! ", "\n"]), st.booleans())
@settings(max_examples=60)
def test_small_talk_around_a_danger_never_hides_it(danger, small_talk, between, before):
    text = f"{small_talk}{between}{danger}" if before else f"{danger}{between}{small_talk}"
    assert find(text).lane is Lane.NOW


@given(st.sampled_from(PLAIN), st.sampled_from(["😀", "😂", "😭", "🙏🏽", "❤️", "💯"]), st.booleans())
@settings(max_examples=40)
def test_an_emoji_or_capitals_change_nothing(danger, emoji, before):
    assert find(f"{emoji} {danger}" if before else f"{danger} {emoji}").lane is Lane.NOW
    assert find(danger.upper()).lane is Lane.NOW


def test_one_typo_loses_little():
    dice = random.Random(7)
    kept = [find(_mistyped(text, dice)).lane is Lane.NOW for text in FOUND]
    assert sum(kept) / len(kept) >= 0.93


def _mistyped(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def test_every_reason_stands_in_the_text_and_says_who_says_so():
    version, names = shipped().model.version, {rule.name for rule in TABLE.rules}
    for text in TUNING[::5]:
        for hit in find(text).hits:
            assert text[hit.start : hit.end].strip()
            assert hit.rule in names | {f"model {version}", f"model {version}, {JUDGE}"}


def test_a_clause_that_says_so_by_itself_is_the_reason():
    named = f"model {shipped().model.version}"
    reasons = [(text, hit) for text in TUNING[::5] for hit in find(text).hits if hit.rule == named]
    parts = [(text[hit.start : hit.end], hit.need) for text, hit in reasons if hit.end - hit.start < len(text) - 1]
    assert len(parts) > 20
    kept = [need in find(part).needs or find(part).lane is Lane.NOW for part, need in parts]
    assert sum(kept) / len(kept) >= 0.95  # a word cut at its edge may read a little otherwise


NASTY = [each * (1600 // len(each)) for each in ("a", "he has a gun ", "🔫", "ñ´ ", ".", "好", "x y ", "\n")]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_a_long_text_of_anything_is_read_in_bounded_work(text):
    find("warm")
    started = time.process_time()
    found = find(text)
    assert time.process_time() - started < 1.0  # measured: docs/needs.md; this only catches work that explodes
    assert found.lane is not Lane.CLOSED
    assert sum(map(len, shipped().model.windows(text))) <= WINDOW


def test_a_programmes_own_alarm_without_a_letter_rings_with_its_own_need():
    own = read_table("""
        [[rule]]
        name = "the sign"
        language = "en"
        needs = ["family"]
        urgent = true
        phrases = ["🐍"]
        example = "🐍"
        lookalike = "a snake at the zoo"
    """)
    found = Detector((TABLE, own), shipped().model).find("🐍")
    assert (found.lane, found.needs) == (Lane.NOW, (Need.FAMILY,))
    assert [(hit.rule, hit.urgent) for hit in found.hits] == [("the sign", True)]


def test_a_rule_that_only_hints_is_never_named_as_the_reason():
    certain = {rule.name for rule in TABLE.rules if rule.phrases}
    for text in TUNING[::3]:
        assert {hit.rule for hit in find(text).hits if hit.rule in certain} <= {
            hit.rule for hit in TABLE.hits(normalise(text)) if hit.certain
        }


@pytest.mark.parametrize("at", range(0, 100, 7))
def test_damaged_weights_are_no_model(tmp_path, at):
    for name in ("model.toml", "weights.npz"):
        kept = (WEIGHTS / name).read_bytes()
        place = len(kept) * at // 100
        hurt = bytes(255 - each for each in kept[place : place + 200])
        (tmp_path / name).write_bytes(kept[:place] + hurt + kept[place + 200 :])
    model = readable(tmp_path)  # whole or none, never an exception
    assert model is None or model.read("hello")


def test_small_talk_joined_in_any_way_hides_little():
    joints = ("{} {}", "{}, {}", "{}. {}", "{} lol {}")
    texts = [joint.format(*pair) for joint in joints for danger in FOUND[::5] for pair in _both_ways(danger)]
    kept = [find(text).lane is Lane.NOW for text in texts]
    assert sum(kept) / len(kept) >= 0.93


def _both_ways(danger: str) -> list[tuple[str, str]]:
    return [("hola gracias", danger), (danger, "ok thanks god bless")]


def test_a_danger_deep_in_a_long_text_is_found():
    filler = "we went to the store and then my aunt cooked rice and the kids watched a movie "
    text = filler * 8 + "so they finally found the new apartment and he said tonight is my last night " + filler * 8
    assert RULES_ALONE.find(text).lane is not Lane.NOW  # it is the model that finds it, in one of its windows
    assert find(text).lane is Lane.NOW
