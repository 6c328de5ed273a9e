"""What one would write first: a Flask route that keeps what is posted, with one commit. The webhook is held against it.

It has no signature to check, nothing to encrypt and no second look; the database is as durable as Standby's.
"""

import os
from typing import Any

from flask import Flask, Response, request
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """The one table."""


class Text(Base):
    """What somebody texted."""

    __tablename__ = "bare_texts"
    id: Mapped[int] = mapped_column(primary_key=True)
    carrier_id: Mapped[str] = mapped_column()
    sender: Mapped[str] = mapped_column()
    body: Mapped[str] = mapped_column()


def create_app() -> Flask:
    """The application, on the database that BARE_DATABASE_URL names."""
    url = make_url(os.environ["BARE_DATABASE_URL"])
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": 20})
        event.listen(engine, "connect", _keep_every_commit)
    else:
        engine = create_engine(url.set(drivername="postgresql+psycopg"))
    Base.metadata.create_all(engine)
    app = Flask(__name__)

    @app.get("/healthz")
    def answers() -> str:
        return "ok"

    @app.post("/twilio/sms")
    def take_text() -> Response:
        form = request.form
        with Session(engine) as session:
            session.add(Text(carrier_id=form["MessageSid"], sender=form["From"], body=form["Body"]))
            session.commit()
        return Response("<Response/>", 200, mimetype="text/xml")

    return app


def _keep_every_commit(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
