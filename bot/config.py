"""Settings from the environment and .env; every missing or wrong one is named at once."""

from datetime import time
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from cryptography.fernet import Fernet
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.core.hours import SENDING_HOURS, WORKING_HOURS, Window

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")
EARLIEST, LATEST = time(8), time(20)  # no setting may widen sending hours beyond this: the strictest state's limits


class ConfigError(Exception):
    """Settings are missing or wrong. The message names every one of them and what to write."""


class Settings(BaseSettings):
    """Everything a programme can set. `.env.example` explains each line."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True, frozen=True)

    database_url: str = Field(f"sqlite:///{ROOT / 'var' / 'standby.db'}", alias="STANDBY_DATABASE_URL")
    public_url: str = Field("http://127.0.0.1:8000", alias="STANDBY_PUBLIC_URL")
    secret_key: str = Field(alias="STANDBY_SECRET_KEY", min_length=16)
    data_keys: str = Field(alias="STANDBY_DATA_KEYS")
    carrier: Literal["", "simulated", "twilio"] = Field("", alias="STANDBY_CARRIER")
    host: str = Field("127.0.0.1", alias="STANDBY_HOST")
    port: int = Field(8000, alias="STANDBY_PORT")
    programme: str = Field("KC Check-In", alias="STANDBY_PROGRAMME", max_length=30)
    contact: str = Field("816-555-0100", alias="STANDBY_CONTACT", max_length=30)
    zone: str = Field("America/Chicago", alias="STANDBY_ZONE")
    sending_from: time = Field(SENDING_HOURS.opens, alias="STANDBY_SENDING_FROM")
    sending_until: time = Field(SENDING_HOURS.closes, alias="STANDBY_SENDING_UNTIL")
    segments_per_second: float = Field(1.0, alias="STANDBY_SEGMENTS_PER_SECOND", gt=0)
    flows: Path = Field(ROOT / "flows", alias="STANDBY_FLOWS")
    account_sid: str = Field("", alias="TWILIO_ACCOUNT_SID")
    auth_token: str = Field("", alias="TWILIO_AUTH_TOKEN")
    messaging_service_sid: str = Field("", alias="TWILIO_MESSAGING_SERVICE_SID")
    from_number: str = Field("", alias="TWILIO_FROM_NUMBER")
    api_url: str = Field("", alias="TWILIO_API_URL")

    @field_validator("data_keys")
    @classmethod
    def _keys_are_fernet(cls, value: str) -> str:
        for key in value.split(","):
            Fernet(key.strip().encode())
        return value

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("no such time zone; write it like America/Chicago")
        return value

    @model_validator(mode="after")
    def _hours_only_narrow(self) -> "Settings":
        if not EARLIEST <= self.sending_from < self.sending_until <= LATEST:
            raise ValueError(
                f"STANDBY_SENDING_FROM and STANDBY_SENDING_UNTIL must lie within {EARLIEST:%H:%M} and {LATEST:%H:%M}"
            )
        return self

    @model_validator(mode="after")
    def _twilio_is_whole(self) -> "Settings":
        missing = [] if self.account_sid else ["TWILIO_ACCOUNT_SID"]
        missing += [] if self.auth_token else ["TWILIO_AUTH_TOKEN"]
        missing += [] if self.sender else ["TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM_NUMBER"]
        if self.uses_twilio and missing:
            raise ValueError(f"{', '.join(missing)}: missing; copy from the Twilio console")
        if not self.uses_twilio and not self.api_url.startswith(LOOPBACK):
            raise ValueError("TWILIO_API_URL: the simulated carrier needs a loopback address, like http://127.0.0.1:8001")
        return self

    @property
    def uses_twilio(self) -> bool:
        """Whether texts reach real phones."""
        return self.carrier == "twilio" or (self.carrier == "" and bool(self.account_sid))

    @property
    def simulated(self) -> bool:
        """Whether the carrier is one of our own: only then may a clock be wound."""
        return not self.uses_twilio or self.api_url.startswith(LOOPBACK)

    @property
    def sender(self) -> str:
        """What texts come from: a messaging service or a number."""
        return self.messaging_service_sid or self.from_number

    @property
    def sending_hours(self) -> Window:
        """When participants may be texted."""
        return Window(self.sending_from, self.sending_until)

    @property
    def working_hours(self) -> Window:
        """When routine work is done."""
        return WORKING_HOURS


def load_settings(**given: object) -> Settings:
    """Settings from the environment, with `given` on top. Raises ConfigError that names every fault at once."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigError("\n".join(["These settings are missing or wrong:", *map(_fault, error.errors())])) from error


def _fault(error: object) -> str:
    assert isinstance(error, dict)
    name = ".".join(str(part) for part in error["loc"])
    hint = "is missing; .env.example says what it is for" if error["type"] == "missing" else error["msg"]
    return f"  {name}: {hint}" if name else f"  {hint}"
