"""A headless Chromium and pages of a report in it; skipped with a line where there is none."""

import os
import shutil
from pathlib import Path

import pytest

CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CANDIDATES)), None)


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = chromium()
    if program is None:
        pytest.skip(
            "no Chromium on this machine: install one (Debian: apt-get install chromium) to run these"
        )
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=program, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield running
        running.close()


@pytest.fixture
def open_page(browser):
    """Open a report; the page remembers console messages, errors, requests and dialogs in `page.seen`."""
    contexts = []

    def open_it(path: Path, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.seen = {"console": [], "errors": [], "requests": [], "dialogs": []}
        page.on("console", lambda message: page.seen["console"].append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: page.seen["errors"].append(str(error)))
        page.on("request", lambda request: page.seen["requests"].append(request.url))
        page.on("dialog", lambda dialog: (page.seen["dialogs"].append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        return page

    yield open_it
    for context in contexts:
        context.close()
