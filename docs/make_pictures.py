"""Make docs/images from the code: the report of two designs that need no training, on the phantom.

    uv run python docs/make_pictures.py

Needs Debian's chromium and chromium-driver. Beside each picture stands a fingerprint of the part of the
page that it shows; a test fails while the code writes another one.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from pathlib import Path

from threshold_designs import designs

from ablation.comparison import Comparison, compare
from ablation.config.sections import ComparisonConfig
from ablation.report import Source, write_report

IMAGES = Path(__file__).with_name("images")
FINGERPRINT = IMAGES / "report.sha256"
CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
SIZES = {"report.png": (1280, 1230)}
FIGURES = re.compile(r"const figures = (.*);\n")
DIGITS = 6
"""Of a number in the page; the last ones differ between machines."""


def main() -> None:
    """Write the pictures and the fingerprint."""
    with tempfile.TemporaryDirectory() as folder:
        page = report(Path(folder))
        for name, size in SIZES.items():
            take(page, IMAGES / name, size)
        FINGERPRINT.write_text(fingerprint(page.read_text(encoding="utf-8")) + "\n")
    print(f"wrote {', '.join(SIZES)} in {IMAGES}")


def report(folder: Path) -> Path:
    """Write the report that the pictures show; return its page."""
    return write_report(compared(), Source("phantom"), folder)[0]


def compared() -> Comparison:
    """Return the comparison that the report shows."""
    return compare(designs(), ComparisonConfig())


def fingerprint(page: str) -> str:
    """Return a hash of what the picture of a page shows: all above the table of results."""
    own = page[: page.index('<section id="results">')]
    found = FIGURES.search(page)
    assert found is not None
    seen = [one for one in json.loads(found[1]) if f'id="{one["id"]}"' in own]
    figures = json.dumps(rounded(seen), sort_keys=True)
    return hashlib.sha256((own + figures).encode()).hexdigest()


def rounded(value: object) -> object:
    """Return JSON with its numbers rounded."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, DIGITS) + 0.0 if isinstance(value, float) else value


def take(page: Path, picture: Path, size: tuple[int, int]) -> None:
    """Write a picture of the top of a page, (width, height) in pixels."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(flag)
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    with webdriver.Chrome(options=options, service=Service(DRIVER)) as browser:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.get(page.as_uri())
        WebDriverWait(browser, 30).until(
            lambda b: b.execute_script(
                "return [...document.querySelectorAll('figure')].every(f => f.querySelector('.main-svg'))"
            )
        )
        browser.save_screenshot(str(picture))


if __name__ == "__main__":
    main()
