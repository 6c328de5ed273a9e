"""Chromium for the browser tests: Debian's, installed where that can be done. Run as `python -m tests.chromium`."""

import os
import shutil
import subprocess

INSTALL = (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = "THE BROWSER TESTS DO NOT RUN: there is no chromium. Install it (Debian: apt-get install chromium)."


def find() -> str | None:
    """Where chromium is; None where it is not."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def main() -> None:
    """Install chromium where it is missing and we may; else say loudly what will not be tested."""
    if find() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing chromium for the browser tests…", flush=True)
        for command in INSTALL:
            subprocess.run(command, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if find() is None:
        print(f"\n{'!' * len(MISSING)}\n{MISSING}\n{'!' * len(MISSING)}\n", flush=True)


if __name__ == "__main__":
    main()
