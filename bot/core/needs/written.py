"""The form of a text that the model reads: its plain words with the marks that end sentences, and the way back."""

from dataclasses import dataclass

from bot.core.normal import Normal, Word

# Emoji that mean a thing whoever sends them. All others may stand beside joy or despair alike and are left out,
# so that an emoji more or less changes nothing.
MEANT = {
    "🔫": "gun", "🔪": "knife", "🗡": "knife", "💣": "bomb", "🆘": "sos", "🩸": "blood", "⚰": "coffin", "🪦": "grave",
    "💊": "pills", "💉": "needle", "🚑": "ambulance", "🏥": "hospital",
}  # fmt: skip
MARKS = ".?!,"


@dataclass(frozen=True, slots=True)
class Written:
    """`text` is what the model reads; `words[i]` is the word of the message that character i came from."""

    text: str
    words: tuple[Word, ...]


def written(message: str, normal: Normal) -> Written:
    """The message as the model reads it: "DON'T come!! 😂" is "dont come!"."""
    letters: list[str] = []
    sources: list[Word] = []
    for index, word in enumerate(normal.words):
        plain = MEANT.get(word.text, word.text)
        if not plain.isascii() and not any(letter.isalpha() for letter in plain):
            continue
        if word.text in MEANT and sources and sources[-1].text == word.text:
            continue  # a row of guns says no more than one
        after = normal.words[index + 1].start if index + 1 < len(normal.words) else len(message)
        mark = next((sign for sign in message[word.end : after] if sign in MARKS), "")
        piece = (" " if letters else "") + plain + mark
        letters.append(piece)
        sources.extend([word] * len(piece))
    text = "".join(letters).rstrip(".!")  # how a message ends says nothing, unless it asks
    return Written(text, tuple(sources[: len(text)]))
