"""What an evaluation found, as tables: in the terminal, and written into docs/needs.md."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from bot.core.kinds import Found, Intent, Lane, Need
from bot.core.needs.evaluation import Count, Evaluation, Labelled
from bot.core.rates import wilson
from bot.sheets import ImportProblem

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SHOWN = 30  # errors listed in the report; the rest are counted

Row = tuple[str, ...]


def share(part: int, whole: int) -> str:
    """"0.95 (0.92 to 0.97)": the share with its 95 % interval, or "none" of nothing."""
    low, high = wilson(part, whole)
    return f"{part / whole:.3f} ({low:.3f} to {high:.3f})" if whole else "none"


def counted(counts: Mapping[Need, Count] | Mapping[Intent, Count]) -> Iterator[Row]:
    """For each code: precision and recall with their intervals, and right, wrong, missed."""
    for name, count in counts.items():
        precision, recall = share(count.tp, count.tp + count.fp), share(count.tp, count.tp + count.fn)
        yield name.value, precision, recall, str(count.tp), str(count.fp), str(count.fn)


def reached(result: Evaluation) -> Iterator[Row]:
    """What must reach a person and what must not: how many, the share *now*, the share seen at all."""
    chosen: dict[str, Callable[[Labelled], bool]] = {
        "safety": lambda row: Need.SAFETY in row.needs,
        "urgent": lambda row: row.urgent,
        "harmless": lambda row: row.harmless,
        "harmless, everyday": lambda row: row.harmless and row.kind == "everyday",
    }
    for name, choose in chosen.items():
        lanes = result.lanes(choose)
        whole, now = sum(lanes.values()), lanes[Lane.NOW]
        if whole or name != "harmless, everyday":
            yield name, str(whole), share(now, whole), share(now + lanes[Lane.TODAY], whole)


def f1(result: Evaluation) -> str:
    low, high = result.micro_f1_interval
    return f"{result.micro_f1:.3f} ({low:.3f} to {high:.3f})"


def write_into(page: Path, result: Evaluation, version: str, with_texts: bool) -> None:
    """Put the report between the marks of a Markdown page. Raises ImportProblem where the page has none.

    Texts are quoted only `with_texts`: what real people wrote does not belong on a page.
    """
    before, after = check_marks(page)
    page.write_text(f"{before}{BEGIN}\n{report(result, version, with_texts)}\n{END}{after}", encoding="utf-8")


def check_marks(page: Path) -> tuple[str, str]:
    """What stands before and after the marks of a page. Raises ImportProblem where they are not there."""
    try:
        before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    except UnicodeDecodeError as error:
        raise ImportProblem(f"{page.name}: not a UTF-8 text; save it again as UTF-8") from error
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ImportProblem(f"{page.name}: the lines {BEGIN} and {END} must stand where the figures belong")
    return before, after


def report(result: Evaluation, version: str, with_texts: bool) -> str:
    """The whole report in Markdown."""
    return "\n\n".join(_sections(result, version, with_texts))


def _sections(result: Evaluation, version: str, with_texts: bool) -> Iterator[str]:
    yield f"Model {version}, {len(result.rows)} messages. In brackets: 95 % intervals."
    yield "### What reaches a person"
    parts = {"all": result} | {lang: result.only(_of(lang)) for lang in _langs(result)}
    rows = [(part, *row) for part, each in parts.items() for row in reached(each)]
    yield _table(("messages", "labelled", "n", "now", "seen at all"), rows)
    yield "### Needs"
    yield _table(("need", "precision", "recall", "right", "wrong", "missed"), counted(result.needs))
    yield _table(("messages", "n", "micro F1"), [(name, str(len(each.rows)), f1(each)) for name, each in parts.items()])
    yield "### Intents"
    yield _table(("intent", "precision", "recall", "right", "wrong", "missed"), counted(result.intents))
    yield "### By kind of message"
    yield _table(("kind", "n", "now", "today", "closed", "micro F1"), _kinds(result))
    dangers = _wrong(result, lambda row: row.urgent or Need.SAFETY in row.needs, rang=False)
    yield from _errors("Dangers that rang nobody", dangers, with_texts)
    yield from _errors("Harmless texts that rang somebody", _wrong(result, lambda row: row.harmless, True), with_texts)


def _langs(result: Evaluation) -> list[str]:
    return sorted({row.lang for row, _ in result.rows})


def _of(lang: str) -> Callable[[Labelled], bool]:
    return lambda row: row.lang == lang


def _kinds(result: Evaluation) -> Iterator[Row]:
    for kind in sorted({row.kind for row, _ in result.rows if row.kind}):
        part = result.only(lambda row, kind=kind: row.kind == kind)  # type: ignore[misc]
        lanes = part.lanes(lambda row: True)
        yield kind, str(len(part.rows)), *(str(lanes[lane]) for lane in Lane), f"{part.micro_f1:.3f}"


def _wrong(result: Evaluation, chosen: Callable[[Labelled], bool], rang: bool) -> list[tuple[Labelled, Found]]:
    return [pair for pair in result.rows if chosen(pair[0]) and (pair[1].lane is Lane.NOW) is rang]


def _errors(title: str, wrong: list[tuple[Labelled, Found]], with_texts: bool) -> Iterator[str]:
    yield f"### {title} ({len(wrong)})"
    if wrong and with_texts:
        yield "\n".join(map(_error, wrong[:SHOWN]))


def _error(pair: tuple[Labelled, Found]) -> str:
    row, found = pair
    text = " ".join(row.text.split()).replace("|", "/")
    labels = ", ".join([*sorted(row.needs), *(["urgent"] if row.urgent else [])]) or "nothing"
    told = ", ".join(found.needs) or "nothing"
    return f"- {row.lang}, {row.kind or 'of no kind'}: {text!r} is {labels}; found: {told}"


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
