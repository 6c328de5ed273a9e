"""The keywords a carrier answers by itself, as Twilio does on a long code without Advanced Opt-Out."""

from enum import StrEnum


class Keyword(StrEnum):
    """What a keyword asks the carrier for."""

    STOP = "stop"
    START = "start"
    HELP = "help"


WORDS = {
    Keyword.STOP: ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"),
    Keyword.START: ("START", "YES", "UNSTOP"),
    Keyword.HELP: ("HELP", "INFO"),
}

REPLIES = {
    Keyword.STOP: "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    Keyword.START: "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    Keyword.HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}

_KEYWORD_OF = {word: keyword for keyword, words in WORDS.items() for word in words}


def keyword_of(body: str) -> Keyword | None:
    """The keyword this text is: the whole message, in any case (Twilio docs); "STOP PLEASE" is none."""
    return _KEYWORD_OF.get(body.strip().upper())
