"""How many segments a text is cut into on its way: what is paid for, and what the sending rate counts."""

import unicodedata

GSM_7 = "GSM-7"
UCS_2 = "UCS-2"

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_GSM_7 = _BASIC | _EXTENDED

# Units in a text of one segment, and in each segment of a longer one (the header that joins them takes the rest).
_ROOM = {GSM_7: (160, 153), UCS_2: (70, 67)}


def segments(text: str) -> tuple[str, int]:
    """The encoding a whole text needs and how many segments it makes (3GPP TS 23.038; counts as Twilio counts).

    One character outside GSM-7 (á, í, ó, ú, an emoji, a curly quote) turns the whole text into UCS-2, which holds
    less than half as much. An empty text is one segment.
    """
    encoding = GSM_7 if _GSM_7.issuperset(text) else UCS_2
    alone, joined = _ROOM[encoding]
    if _units(text, encoding) <= alone:
        return encoding, 1
    return encoding, _filled([_units(char, encoding) for char in text], joined)


def without_accents(text: str) -> str:
    """The text in the letters of GSM-7 as far as that goes: "Sofía" becomes "Sofia", "Muñoz" stays."""
    return text if _GSM_7.issuperset(text) else "".join(char if char in _GSM_7 else _bare(char) for char in text)


def _bare(char: str) -> str:
    if char in "’‘ʼ":
        return "'"
    return "".join(part for part in unicodedata.normalize("NFD", char) if unicodedata.category(part) != "Mn")


def _units(text: str, encoding: str) -> int:
    if encoding == GSM_7:
        return len(text) + sum(map(text.count, _EXTENDED.intersection(text)))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _filled(widths: list[int], room: int) -> int:
    """Segments of `room` units that hold these characters in order, none cut in two."""
    count, used = 1, 0
    for width in widths:
        if used + width > room:
            count, used = count + 1, 0
        used += width
    return count
