"""Pictures of a report for the README: ``python -m tests.browser.screenshots demo/report.html notebooks/images``."""

import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import chromium

DESK = {"viewport": {"width": 1180, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5, "is_mobile": True}
LEAST = 35  # percent: at some tens of people few connections are more probable to have changed


def live_view(page: Page, layout: str) -> dict[str, float]:
    """Show one picture with a connection chosen, and where on the page it is."""
    page.wait_for_selector("#live .picture")
    page.check(f'[name="layout"][value="{layout}"]')
    page.evaluate(
        """(least) => {
            const control = document.querySelector('[name="probability"]');
            control.value = least;
            control.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        LEAST,
    )
    page.wait_for_timeout(300)
    page.focus('[data-part="picture"]')
    page.keyboard.press("ArrowRight")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    view, table = (page.locator(s).bounding_box() for s in ("#live", "#live > h4"))
    height = table["y"] - view["y"]
    return {"x": view["x"] - 10, "y": view["y"], "width": view["width"] + 20, "height": height}


def main(report: str, folder: str) -> None:
    """Take the four pictures."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        for name, options, layout in (
            ("top", DESK, None),
            ("live", DESK, "circle"),
            ("dark", {**DESK, "color_scheme": "dark"}, "brain"),
            ("phone", PHONE, None),
        ):
            page = browser.new_context(**options).new_page()
            page.goto(Path(report).resolve().as_uri())
            page.wait_for_selector("#live .picture")
            width = options["viewport"]["width"]
            clip = (
                live_view(page, layout)
                if layout
                else {"x": 0, "y": 0, "width": width, "height": 0.76 * width}
            )
            if name == "phone":
                clip["height"] = 900
            path = target / f"report-{name}.png"
            page.screenshot(path=path, full_page=True, clip=clip)
            Image.open(path).convert("RGB").save(path, optimize=True)
            print(path, path.stat().st_size)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
