"""Settings from the environment and .env; every missing or wrong one is named at once."""

import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

from cryptography.fernet import Fernet
from pydantic import DirectoryPath, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticUseDefault
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.core.hours import SENDING_HOURS, Window

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EARLIEST, LATEST = time(8), time(20)  # no setting may widen sending hours beyond this: the strictest state's limits
ZONES = frozenset(available_timezones())  # reading them walks a directory tree: once is enough
SENDER = re.compile(r"\+[1-9]\d{6,14}|\d{5,6}")  # E.164, or a short code
Kind = TypeVar("Kind", bound="FlowSettings")


class ConfigError(Exception):
    """Settings are missing or wrong. The message names every one of them and what to write."""


class FlowSettings(BaseSettings):
    """Where the flows are: all that checking and trying them needs. An empty setting is as good as none."""

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        populate_by_name=True,
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    flows: DirectoryPath = Field(ROOT / "flows", alias="STANDBY_FLOWS")

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        value = value.strip() if isinstance(value, str) else value
        if value == "" and not field.is_required() and field.default != "":
            raise PydanticUseDefault
        return value


class Settings(FlowSettings):
    """Everything a programme can set. `.env.example` explains each line.

    A check of several settings stands at the last of them: so it is made, and told, whatever is wrong elsewhere.
    """

    database_url: str = Field(f"sqlite:///{ROOT / 'var' / 'standby.db'}", alias="STANDBY_DATABASE_URL", repr=False)
    public_url: str = Field("http://127.0.0.1:8000", alias="STANDBY_PUBLIC_URL")
    secret_key: str = Field(alias="STANDBY_SECRET_KEY", min_length=16, repr=False)
    data_keys: str = Field(alias="STANDBY_DATA_KEYS", repr=False)
    carrier: Literal["", "simulated", "twilio"] = Field("", alias="STANDBY_CARRIER")
    host: str = Field("127.0.0.1", alias="STANDBY_HOST")
    port: int = Field(8000, alias="STANDBY_PORT", ge=1, le=65535)
    behind_proxy: bool = Field(False, alias="STANDBY_BEHIND_PROXY")
    clock_in_web: bool = Field(False, alias="STANDBY_CLOCK_IN_WEB")
    programme: str = Field("KC Check-In", alias="STANDBY_PROGRAMME", max_length=30)
    contact: str = Field("816-555-0100", alias="STANDBY_CONTACT", max_length=30)
    zone: str = Field("America/Chicago", alias="STANDBY_ZONE")
    sending_from: time = Field(SENDING_HOURS.opens, alias="STANDBY_SENDING_FROM")
    sending_until: time = Field(SENDING_HOURS.closes, alias="STANDBY_SENDING_UNTIL")
    segments_per_second: float = Field(1.0, alias="STANDBY_SEGMENTS_PER_SECOND", gt=0, allow_inf_nan=False)
    calls_at_once: int = Field(64, alias="STANDBY_CALLS_AT_ONCE", ge=1, le=200)
    smallest_cell: int = Field(10, alias="STANDBY_SMALLEST_CELL", ge=2, le=1000)
    mail_url: str = Field("", alias="STANDBY_MAIL_URL", repr=False)
    mail_from: str = Field("", alias="STANDBY_MAIL_FROM")
    research_linked: bool = Field(False, alias="STANDBY_RESEARCH_LINKED")
    research_texts: Literal["", "reviewed"] = Field("", alias="STANDBY_RESEARCH_TEXTS")
    heartbeat_url: str = Field("", alias="STANDBY_HEARTBEAT_URL", repr=False)
    account_sid: str = Field("", alias="TWILIO_ACCOUNT_SID")
    auth_token: str = Field("", alias="TWILIO_AUTH_TOKEN", repr=False)
    messaging_service_sid: str = Field("", alias="TWILIO_MESSAGING_SERVICE_SID")
    from_number: str = Field("", alias="TWILIO_FROM_NUMBER")
    api_url: str = Field("", alias="TWILIO_API_URL")

    @field_validator("secret_key", "data_keys", mode="before")
    @classmethod
    def _is_given(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is missing; .env.example says how to make one")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, value: str) -> str:
        try:
            url = make_url(value)
        except ArgumentError as error:
            raise ValueError("no database address; write it like postgresql://user:password@host/name") from error
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise ValueError("only sqlite:///… and postgresql://… are known")
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise ValueError("a file is needed, like sqlite:////var/lib/standby/standby.db; memory forgets")
        return value

    @field_validator("public_url")
    @classmethod
    def _address_is_whole(cls, value: str) -> str:
        parts = _split(value)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("no address of the web; write it like https://checkin.example.org")
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError("the address without a path, like https://checkin.example.org")
        return value.rstrip("/")

    @field_validator("heartbeat_url")
    @classmethod
    def _heartbeat_is_an_address(cls, value: str) -> str:
        parts = _split(value)
        if value and (parts is None or parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("no address of the web; write it like https://heartbeat.example.org/abc")
        return value

    @field_validator("mail_url")
    @classmethod
    def _mail_goes_to_a_server(cls, value: str) -> str:
        parts = _split(value)
        if value and (parts is None or parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            raise ValueError("no mail server; write it like smtp://user:password@mail.example.org:587")
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_has_a_sender(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("mail_url") and "@" not in value:
            raise ValueError("is missing; write the address that alerts come from, like standby@example.org")
        return value

    @field_validator("data_keys")
    @classmethod
    def _keys_are_fernet(cls, value: str) -> str:
        for number, key in enumerate(value.split(","), 1):
            try:
                Fernet(key.strip().encode())
            except ValueError as error:
                raise ValueError(f"key {number} is no Fernet key; .env.example says how to make one") from error
        return value

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        if value not in ZONES:
            raise ValueError("no such time zone; write it like America/Chicago")
        return value

    @field_validator("sending_until")
    @classmethod
    def _hours_only_narrow(cls, value: time, info: ValidationInfo) -> time:
        opens = info.data.get("sending_from", EARLIEST)
        if opens.tzinfo or value.tzinfo:
            raise ValueError("no zone behind the time; hours are meant on people's own clocks")
        if not EARLIEST <= opens < value <= LATEST:
            raise ValueError(
                f"STANDBY_SENDING_FROM and STANDBY_SENDING_UNTIL must lie within {EARLIEST:%H:%M} and {LATEST:%H:%M}"
            )
        return value

    @field_validator("account_sid", "auth_token")
    @classmethod
    def _account_is_given(cls, value: str, info: ValidationInfo) -> str:
        if not value and _is_twilio(info):
            raise ValueError("is missing; copy it from the Twilio console")
        return value

    @field_validator("from_number")
    @classmethod
    def _sender_is_given(cls, value: str, info: ValidationInfo) -> str:
        if value and not SENDER.fullmatch(value):
            raise ValueError("write it like +18165550100")
        if not value and _is_twilio(info) and not info.data.get("messaging_service_sid"):
            raise ValueError("is missing, or else TWILIO_MESSAGING_SERVICE_SID; copy one from the Twilio console")
        return value

    @field_validator("api_url")
    @classmethod
    def _simulated_stays_here(cls, value: str, info: ValidationInfo) -> str:
        if not _is_twilio(info) and not _is_loopback(value):
            raise ValueError(
                "the simulated carrier needs an address like http://127.0.0.1:8001; "
                "to text real phones, set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN instead"
            )
        return value

    @property
    def uses_twilio(self) -> bool:
        """Whether texts go through an account at Twilio."""
        return self.carrier == "twilio" or (self.carrier == "" and bool(self.account_sid))

    @property
    def simulated(self) -> bool:
        """Whether nobody real can be texted: the carrier is our own stand-in.

        An account at Twilio is real, even behind a loopback address: an egress proxy may listen there.
        """
        return not self.uses_twilio and _is_loopback(self.api_url)

    @property
    def carrier_is_on_this_machine(self) -> bool:
        """Whether texts go to a loopback address, be it the simulated carrier or somebody's own; no more than that."""
        return _is_loopback(self.api_url)

    @property
    def sender(self) -> str:
        """What texts come from: a messaging service or a number."""
        return self.messaging_service_sid or self.from_number

    @property
    def calls_from(self) -> str:
        """The number that calls to staff come from; a short code cannot call."""
        return self.from_number if self.from_number.startswith("+") else ""

    @property
    def sending_hours(self) -> Window:
        """When participants may be texted."""
        return Window(self.sending_from, self.sending_until)


def load_settings(**given: object) -> Settings:
    """Settings from the environment, with `given` on top. Raises ConfigError that names every fault at once."""
    return _load(Settings, given)


def flows_folder() -> Path:
    """Where the programme's flows are, whatever else is set or not. Raises ConfigError."""
    return _load(FlowSettings, {}).flows


def _load(kind: type[Kind], given: Mapping[str, object]) -> Kind:
    try:
        return kind(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigError("\n".join(["These settings are missing or wrong:", *map(_fault, error.errors())])) from error
    except UnicodeDecodeError as error:
        raise ConfigError(".env is no UTF-8 text; save it again as UTF-8") from error


def _fault(error: object) -> str:
    assert isinstance(error, dict)
    name = error["loc"][0]  # the alias where a value was given, the field's own name for a default
    field = Settings.model_fields.get(name)
    hint = "is missing; .env.example says what it is for" if error["type"] == "missing" else error["msg"]
    return f"  {field.alias if field else name}: {hint.removeprefix('Value error, ')}"


def _is_twilio(info: ValidationInfo) -> bool:
    """As `Settings.uses_twilio`, while settings are still being read."""
    carrier = info.data.get("carrier", "")
    return carrier == "twilio" or (carrier == "" and bool(info.data.get("account_sid")))


def _is_loopback(url: str) -> bool:
    """Whether this is an address of this very machine: the host itself counts, not how the text begins."""
    parts = _split(url)
    return parts is not None and parts.scheme == "http" and parts.hostname in LOOPBACK and not parts.username


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None
