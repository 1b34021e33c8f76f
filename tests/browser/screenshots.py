"""Pictures of a report for the README: ``python -m tests.browser.screenshots demo/report.html notebooks/images``.

The picture of the printed report needs pdftoppm (Debian: poppler-utils); without it that one is left as it is.
"""

import shutil
import subprocess
import sys
import tempfile
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


def trust_view(page: Page) -> dict[str, float]:
    """Where the sensitivity of the sentence is on the page."""
    page.wait_for_selector("#trust .strips")
    page.evaluate("scrollTo(0, 0)")
    heading = page.locator("#trust h3", has_text="survive").bounding_box()
    section = page.locator("#trust").bounding_box()
    last = page.locator("#trust .strips").last.bounding_box()
    return {
        "x": section["x"] - 10,
        "y": heading["y"] - 8,
        "width": max(880, last["width"] + 20),
        "height": last["y"] + last["height"] - heading["y"] + 16,
    }


def printed(page: Page, target: Path, pages: int = 4) -> None:
    """The first sheets of the report on paper, side by side."""
    if shutil.which("pdftoppm") is None:
        print("pdftoppm is not there: no picture of the printed report")
        return
    margin = dict.fromkeys(("top", "right", "bottom", "left"), "15mm")
    with tempfile.TemporaryDirectory() as folder:
        page.pdf(path=f"{folder}/report.pdf", format="A4", margin=margin)
        command = [
            "pdftoppm",
            "-r",
            "55",
            "-l",
            str(pages),
            "-png",
            f"{folder}/report.pdf",
            f"{folder}/sheet",
        ]
        subprocess.run(command, check=True)
        sheets = [Image.open(path).convert("RGB") for path in sorted(Path(folder).glob("sheet*.png"))]
    gap, (width, height) = 8, sheets[0].size
    row = Image.new("RGB", (len(sheets) * (width + gap) - gap, height), "#8c959f")
    for k, sheet in enumerate(sheets):
        row.paste(sheet, (k * (width + gap), 0))
    keep(row, target)


def keep(picture: Image.Image, path: Path) -> None:
    """Save with a palette: a page has few colours, and the repository stays small."""
    picture.convert("RGB").quantize(255, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        path, optimize=True
    )
    print(path, path.stat().st_size)


def main(report: str, folder: str) -> None:
    """Take the pictures."""
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
            ("trust", DESK, "trust"),
        ):
            page = browser.new_context(**options).new_page()
            page.goto(Path(report).resolve().as_uri())
            page.wait_for_selector("#live .picture")
            width = options["viewport"]["width"]
            if layout == "trust":
                clip = trust_view(page)
            elif layout:
                clip = live_view(page, layout)
            else:
                clip = {"x": 0, "y": 0, "width": width, "height": 0.76 * width}
            if name == "phone":
                clip["height"] = 900
            path = target / f"report-{name}.png"
            page.screenshot(path=path, full_page=True, clip=clip)
            keep(Image.open(path), path)
        page = browser.new_page()
        page.goto(Path(report).resolve().as_uri())
        page.wait_for_selector("#live .picture")
        printed(page, target / "report-print.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
