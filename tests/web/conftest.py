"""Staff who browse: sign in once, then read and post pages as a browser would, tokens and all."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.models import Staff
from bot.passwords import hash_password
from tests.world import Colleague, World

PASSWORD = "a long enough password"
HASH = hash_password(PASSWORD)
ADDRESS = re.compile(r'(?:href|action|data-fresh)="([^"]+)"')
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Browser:
    """One browser with its cookies. It remembers every address it asked for."""

    client: FlaskClient
    asked: list[str] = field(default_factory=list)
    token: str = ""

    def opens(self, path: str, **headers: str) -> TestResponse:
        """Ask for a page and follow where it leads."""
        self.asked.append(path)
        answer = self.client.get(path, headers=headers, follow_redirects=True)
        self.asked += [step.location for step in answer.history]
        if (answer.mimetype or "").startswith("text/"):
            self.asked += ADDRESS.findall(answer.text)
        return answer

    def reads(self, path: str) -> str:
        """A page that must come up."""
        answer = self.opens(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def posts(self, path: str, follow: bool = True, **form: Any) -> TestResponse:
        """Post a form with the token of a page."""
        self.asked.append(path)
        data = {"csrf_token": self.token or self._fresh_token(), **form}
        if path.startswith(("/sign-", "/phones/sign-")):
            self.token = ""
        return self.client.post(path, data=data, follow_redirects=follow)

    def _fresh_token(self) -> str:
        found = TOKEN.search(self.client.get("/rates", follow_redirects=True).text)
        assert found
        self.token = found[1]
        return self.token

    def signs_in(self, email: str, password: str = PASSWORD, next: str = "") -> TestResponse:
        """Fill in the door's form."""
        return self.posts("/sign-in", email=email, password=password, next=next)


@pytest.fixture
def browser(world: World) -> Browser:
    """A browser that nobody signed in with."""
    return Browser(world.app.test_client())


@pytest.fixture
def browses(world: World) -> Callable[[Colleague], Browser]:
    """A browser in which this colleague is signed in."""

    def signed_in(colleague: Colleague) -> Browser:
        browser = Browser(world.app.test_client())
        with world.standby.db.writing() as session:
            staff = session.get_one(Staff, colleague.id)
            staff.password_hash = HASH
            email = staff.email
        assert browser.signs_in(email).status_code == 200
        return browser

    return signed_in
