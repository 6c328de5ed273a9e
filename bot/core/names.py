"""What people call our kinds: one word each, on pages, in letters and in figures."""

from bot.core.kinds import Attention, FlagKind, Language, Need

KINDS: dict[FlagKind, str] = {
    Need.SAFETY: "Safety",
    Need.HOUSING: "Housing",
    Need.JOB: "Work",
    Need.EDUCATION: "Classes",
    Need.COUNSELING: "Counseling",
    Need.BASICS: "Food, money or things",
    Need.TRANSPORT: "A ride",
    Need.HEALTH: "Health",
    Need.LEGAL: "Legal help",
    Need.FAMILY: "Family",
    Attention.READ: "Please read",
    Attention.HUMAN: "Wants to talk to a person",
    Attention.HELP: "Asked what this is",
    Attention.MOVE: "Wants another time",
    Attention.QUIET: "Gone quiet",
    Attention.STOPPED: "Opted out of texts",
    Attention.WRONG_NUMBER: "Says wrong number",
    Attention.UNREACHABLE: "A text did not arrive",
    Attention.UNKNOWN: "Number we do not know",
}
LANGUAGES = {Language.EN: "English", Language.ES: "Spanish"}
CHANNELS = {"sms": "Text message", "whatsapp": "WhatsApp"}
