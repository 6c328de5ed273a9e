"""What one reply says: the needs in it, what its writer wants, and how soon a person must read it."""

from bot.core.keywords import Kind, meant
from bot.core.kinds import Found, Hit, Intent, Lane
from bot.core.needs.clear import harmless
from bot.core.needs.phrases import TABLE
from bot.core.normal import Normal, normalise


def find(text: str) -> Found:
    """Read one message of any length and language; the same text always gives the same answer.

    NOW means somebody may be in danger: a person is alerted at once. CLOSED means the whole message is
    plainly harmless and wants nothing. Everything else, also what nobody understands, is TODAY:
    being unsure means that a person reads it.
    """
    normal = normalise(text)
    hits = TABLE.hits(normal)
    intent = _intent(normal)
    return Found(_lane(text, normal, hits, intent), intent, hits)


def _intent(normal: Normal) -> Intent:
    kind = meant(normal)
    if kind is Kind.STOP or kind is Kind.WRONG_NUMBER:
        return Intent(kind.value)
    if TABLE.asks_for_a_person(normal):
        return Intent.HUMAN
    return Intent.HELP if kind is Kind.HELP else Intent.REPLY


def _lane(text: str, normal: Normal, hits: tuple[Hit, ...], intent: Intent) -> Lane:
    if any(hit.urgent for hit in hits):
        return Lane.NOW
    if not hits and intent is Intent.REPLY and harmless(text, normal):
        return Lane.CLOSED
    return Lane.TODAY
