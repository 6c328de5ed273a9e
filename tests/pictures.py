"""The README's pictures, taken anew of the demo programme: `make pictures`."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests
from playwright.sync_api import Page, sync_playwright

from bot.demo_cast import PASSWORD
from tests.chromium import ARGUMENTS, MISSING, find

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PORT = 18400
HOME = f"http://127.0.0.1:{PORT}"
LAPTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
MADE_WITHIN_S = 300
SHOTS = (
    ("people", LAPTOP, "dana@example.org", "/"),
    ("people-phone", PHONE, "dana@example.org", "/"),
    ("thread", LAPTOP, "dana@example.org", "Rosa Demo"),
    ("thread-phone", PHONE, "dana@example.org", "Rosa Demo"),
    ("rota", LAPTOP, "sam@example.org", "/rota"),
    ("answers", LAPTOP, "sam@example.org", "/rates"),
    ("answers-phone", PHONE, "sam@example.org", "/rates"),
    ("phones", LAPTOP, "sam@example.org", "/phones"),  # at the end, as it makes a flag that the others would show
)


def main() -> None:
    """Start the demo in a folder of its own, take every picture, and end it."""
    chromium = find()
    if chromium is None:
        sys.exit(MISSING)
    with tempfile.TemporaryDirectory(prefix="standby-pictures-") as folder:
        environment = os.environ | {"STANDBY_PORT": str(PORT)}
        command = [sys.executable, "-m", "bot", "demo", "--folder", folder]
        demo = subprocess.Popen(command, cwd=ROOT, env=environment)
        try:
            _wait_for(demo)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
                for name, size, email, where in SHOTS:
                    page = browser.new_context(viewport=size).new_page()  # type: ignore[arg-type]
                    _shoot(page, DOCS / f"{name}.png", email, where)
                browser.close()
        finally:
            demo.terminate()
            demo.wait()


def _wait_for(demo: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + MADE_WITHIN_S
    while time.monotonic() < end and demo.poll() is None:
        try:
            if requests.get(f"{HOME}/healthz", timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.5)
    sys.exit("The demo did not start.")


def _shoot(page: Page, to: Path, email: str, where: str) -> None:
    page.goto(f"{HOME}/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").wait_for()
    if where.startswith("/"):
        page.goto(HOME + where)
    else:
        page.get_by_role("link", name=where).click()
    page.wait_for_load_state("networkidle")
    if where == "/phones":
        _text_of_danger(page)
    page.screenshot(path=to)


def _text_of_danger(page: Page) -> None:
    """As the first phone, until the text is answered and a caseworker's phone has rung."""
    page.get_by_placeholder("Text message").first.fill("he hit me")
    page.get_by_role("button", name="Send").first.click()
    for heard in ("Call 911", "may be in danger"):
        page.get_by_text(heard).first.wait_for()


if __name__ == "__main__":
    main()
