"""One carrier for each channel, behind the one that all others know."""

from collections.abc import Mapping
from datetime import datetime

from bot.carrier import Carrier, HeardText, OutgoingText, Picture, Standing, Taken


class Routes:
    """The Carrier that hands each text to the one for its channel; what is not named goes the usual way."""

    def __init__(self, usual: Carrier, others: Mapping[str, Carrier]) -> None:
        self._usual = usual
        self._others = others

    def send(self, text: OutgoingText) -> Taken:
        return self._for(text.channel).send(text)

    def find(self, text: OutgoingText, since: datetime) -> list[Taken]:
        return self._for(text.channel).find(text, since)

    def heard(self, since: datetime) -> list[HeardText]:
        return self._usual.heard(since)

    def picture(self, url: str) -> Picture:
        return self._usual.picture(url)

    def standing(self) -> Standing:
        return self._usual.standing()

    def _for(self, channel: str) -> Carrier:
        return self._others.get(channel, self._usual)
