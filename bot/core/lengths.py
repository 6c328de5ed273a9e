"""How long something took, in the words in which people read it."""

from datetime import timedelta

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
UNDER = "under a minute"
UNITS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"))


def lasted(span: timedelta) -> str:
    """In two units at most, for figures: "under a minute", "6 min", "3 h 20 min", "2 days 4 h"."""
    seconds = round(span.total_seconds())
    if seconds < 60:
        return UNDER
    hours, minutes = divmod(seconds // 60, 60)
    if not hours:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    whole = f"{days} day{'s' if days > 1 else ''}"
    return f"{whole} {hours} h" if hours else whole


def within(span: timedelta) -> str:
    """The same as a limit: "within 6 min"."""
    said = lasted(span)
    return "within a minute" if said == UNDER else f"within {said}"


def lasting(span: timedelta) -> str:
    """The largest whole unit, for who looks at a list: "2 hours"."""
    for unit, name in UNITS:
        if count := span // unit:
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "less than a minute"


def marked(span: timedelta) -> str:
    """In the largest unit that says it without a fraction, for an axis: "90 min", "2 h", "3 days"."""
    minutes = round(span / MINUTE)
    for unit, name in ((1440, "day"), (60, "h")):
        if minutes and not minutes % unit:
            return f"{minutes // unit} {name}{'s' if name == 'day' and minutes > unit else ''}"
    return f"{minutes} min"
