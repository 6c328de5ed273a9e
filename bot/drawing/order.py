"""What may be asked of the process that draws."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import TypeAdapter

from bot.core.figure import Figure, Size


class Form(StrEnum):
    """What a picture is made as."""

    SVG = "svg"
    PNG = "png"


@dataclass(frozen=True)
class Order:
    """Draw this figure, for this size, as this."""

    figure: Figure
    size: Size
    form: Form


ORDERS = TypeAdapter(Order)
