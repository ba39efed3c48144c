"""Find a Chromium for the browser tests, or install one: ``python -m tests.chromium``."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find(playwright: Playwright) -> str | None:
    """Return the path of a Chromium: $CHROMIUM, one on the PATH, or Playwright's own."""
    named = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), playwright.chromium.executable_path]
    return next((path for path in named if path and Path(path).exists()), None)


def install(playwright: Playwright) -> None:
    """Install Playwright's Chromium, or Debian's where we are root, with a font for Chinese."""
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if find(playwright) or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    subprocess.run(["apt-get", "update", "-q"], check=False)
    packages = ["chromium", "fonts-noto-cjk"]
    subprocess.run(["apt-get", "install", "-y", "-q", *packages], check=False)


def main() -> int:
    """Return 0 if there is a Chromium now; else say which command to run."""
    with sync_playwright() as playwright:
        if not find(playwright):
            install(playwright)
        path = find(playwright)
    if path is None:
        print("The browser tests need Chromium: run `sudo apt-get install chromium`, or set CHROMIUM.")
        return 1
    print(f"Chromium: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
