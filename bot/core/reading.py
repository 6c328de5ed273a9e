"""How many years of school a text asks of its reader: a rough number, good for finding the sentence that is too hard.

English: the Flesch-Kincaid grade (Kincaid, Fishburne, Rogers and Chissom 1975, "Derivation of new readability
formulas for Navy enlisted personnel"). Spanish: the reading ease of Fernández Huerta (1959, "Medidas sencillas de
lecturabilidad") in the form that Law (2011) corrected, turned into a grade by the bands of its table: 90 to 100 is
grade 4, 80 to 90 grade 5, 70 to 80 grade 6. Both were made for whole pages; on a short text one long word weighs much.
"""

import re

import pyphen

from bot.core.kinds import Language

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
SENTENCE_END = re.compile(r"[.!?:;]+(?:\s|$)")
HYPHENATORS = {Language.EN: pyphen.Pyphen(lang="en_US"), Language.ES: pyphen.Pyphen(lang="es")}

# Spanish: a weak vowel beside a strong one joins it, an accent on a weak one parts them ("día" has two).
NUCLEI = {
    Language.EN: re.compile(r"[aeiouy]+"),
    Language.ES: re.compile(r"[iuü]?[aeoáéó][iuy]?|[íú]|[iuüy]+"),
}
SILENT_U = re.compile(r"(?<=[gq])u(?=[eiéí])")
SILENT_END = re.compile(r"(?<=[^aeiouyl])(?:e|es|ed)$")


def grade(text: str, language: Language) -> float:
    """The school grade (US) a reader needs for this text; 0 for a text without words. Figures do not count."""
    words = WORD.findall(text)
    if not words:
        return 0.0
    sentences = sum(1 for part in SENTENCE_END.split(text) if WORD.search(part))
    length = len(words) / max(sentences, 1)
    weight = sum(syllables(word, language) for word in words) / len(words)
    if language is Language.EN:
        return 0.39 * length + 11.8 * weight - 15.59
    ease = 206.84 - 60 * weight - 1.02 * length
    return 13.5 - ease / 10


def syllables(word: str, language: Language) -> int:
    """Syllables of one word, at least one. Hyphenation never parts some of them ("any"), so vowels are counted too."""
    silent = SILENT_END if language is Language.EN else SILENT_U
    plain = silent.sub("", word.casefold())
    hyphenated = len(HYPHENATORS[language].inserted(word.casefold()).split("-"))
    return max(hyphenated, len(NUCLEI[language].findall(plain)), 1)
