"""The page in a real browser: it draws, complains about nothing and asks no network."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.inference.overlays import picture
from ablation.report import Source, write_report
from ablation.report.material import (
    Case,
    Cut,
    Material,
    Parameter,
    Picture,
    Study,
    Thresholds,
    Trial,
)

pytestmark = pytest.mark.browser

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DRAWN = "return [...document.querySelectorAll('figure')].every(f => f.querySelector('.main-svg'))"


@pytest.fixture
def browser(tmp_path) -> Iterator[object]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    # Asked for by its marker, this test fails rather than skips without a browser.
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing: apt-get install chromium"
    assert DRIVER.exists(), f"{DRIVER} is missing: apt-get install chromium-driver"
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture(params=[1, 2, 4])
def report(request, design, table, tmp_path) -> Path:
    rng = np.random.default_rng(0)
    designs = [design(name, rng.uniform(0.2, 0.9, 12)) for name in ("unet", "resupnet", "c", "d")]
    designs[-1] = design("d", table([0.0, *rng.uniform(0.2, 0.9, 11)], {0: "missed"}))
    comparison = compare(designs[: request.param], ComparisonConfig())
    source = Source("demo", material=material(comparison.designs))
    return write_report(comparison, source, tmp_path / "report")[0]


def material(designs: tuple[str, ...]) -> Material:
    """What runs leave behind, of every design."""
    rng = np.random.default_rng(1)
    key, shares = "training.learning_rate", {"PED-ANOVA": {"training.learning_rate": 1.0}}
    ramp = rng.uniform(0, 1, (64, 64)).astype(np.float32)
    square = np.pad(np.ones((20, 20), bool), 22)
    png = picture(ramp, square, np.roll(square, 5))
    cuts = tuple(Cut(n / 100, 0.6, (100 - n, 110 - n, n)) for n in range(1, 100))
    trials = [
        Trial(n, "complete", value, {key: value}) for n, value in enumerate(rng.uniform(size=12))
    ]
    shown = tuple(Picture(name, "p1", "tumour", 3, 400, 400, 0.7, png) for name in designs)
    return Material(
        tuple(
            Study(name, name, tuple(trials), (Parameter(key, log=True),), shares)
            for name in designs
        ),
        tuple(Thresholds(name, f"{name} final-1", cuts, cuts[40], "d4", "") for name in designs),
        (Case("worst mean Dice", "p1", "tumour", shown),),
    )


def open_page(browser, path: Path, width: int) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    size = {"width": width, "height": 1400, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)  # chromium's own start page has asked for its parts
    browser.get(path.as_uri())
    WebDriverWait(browser, 30).until(lambda b: b.execute_script(DRAWN))


def requested(browser) -> list[str]:
    """Every address the page asked for."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


@pytest.mark.parametrize("width", [390, 1280])
def test_page(browser, report, width):
    open_page(browser, report, width)
    assert browser.get_log("browser") == []
    asked = [url for url in requested(browser) if not url.startswith(("data:", "blob:"))]
    assert asked == [report.as_uri()]
    script = (
        "return [...document.querySelectorAll('#comparison tr')]"
        ".map(row => [...row.cells].map(cell => cell.textContent))"
    )
    listed = list(csv.reader((report.parent / "comparison.csv").read_text().splitlines()))
    assert browser.execute_script(script) == listed
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    loaded = "return [...document.querySelectorAll('img')].map(i => i.naturalWidth)"
    assert set(browser.execute_script(loaded)) == {256}


def test_names_that_look_like_markup_are_drawn_as_text(browser, design, tmp_path):
    names = ("</script><img src=x onerror=alert(1)>", '<a href="javascript:alert(1)">b</a>&"')
    rng = np.random.default_rng(0)
    designs = [design(name, rng.uniform(0.2, 0.9, 12)) for name in names]
    comparison = compare(designs, ComparisonConfig())
    source = Source(names[0], material=material(comparison.designs))
    path = write_report(comparison, source, tmp_path / "report")[0]
    open_page(browser, path, 1280)  # an alert would stop it
    assert browser.get_log("browser") == []
    asked = [url for url in requested(browser) if not url.startswith(("data:", "blob:"))]
    assert asked == [path.as_uri()]
    images = "return [...document.querySelectorAll('img')].every(i => i.src.startsWith('data:'))"
    assert browser.execute_script(images)
    links = "return [...document.querySelectorAll('a')].filter(a => `${a.href.baseVal ?? a.href}`.includes('alert')).length"
    assert browser.execute_script(links) == 0
    shown = "return document.querySelector('#designs tbody td').textContent"
    assert browser.execute_script(shown) == names[0]


def test_what_matters_is_seen_first(browser, report):
    open_page(browser, report, 1280)
    order = "return [...document.querySelectorAll('#verdict, #quote, #designs, figure')].map(e => e.id || 'figure')"
    assert browser.execute_script(order)[:4] == ["verdict", "quote", "designs", "figure"]
    bottom = "return document.querySelector('figure').getBoundingClientRect().bottom"
    assert browser.execute_script(bottom) <= 1400


def test_the_data_of_a_figure_can_be_saved(browser, report, tmp_path):
    open_page(browser, report, 1280)
    folder = tmp_path / "saved"
    folder.mkdir()
    behaviour = {"behavior": "allow", "downloadPath": str(folder)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    browser.execute_script("document.querySelector('button[data-figure]').click()")
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 10).until(lambda _: list(folder.glob("*.csv")))
    lines = list(csv.DictReader((folder / "lines-0.csv").read_text().splitlines()))
    scores = json.loads((report.parent / "comparison.json").read_text())["analyses"][0]
    by_place = {(row["patient"], row["design"]): row["Dice"] for row in lines if row["patient"]}
    for design, values in scores["scores"].items():
        for patient, value in zip(scores["patients"], values, strict=True):
            assert float(by_place[patient, design]) == pytest.approx(value, rel=1e-5)
    assert browser.get_log("browser") == []


def test_every_figure_has_rows_to_save(browser, report):
    open_page(browser, report, 1280)
    counts = browser.execute_script("return figures.map(f => [f.id, rows(f).length, csv(f)])")
    for id_, rows, text in counts:
        assert rows > 0, id_
        assert len(list(csv.reader(text.splitlines()))) == rows + 1
        assert "undefined" not in text, id_


def test_a_wide_figure_scrolls_in_its_own_frame(browser, report):
    open_page(browser, report, 390)
    overflow = (
        "return [...document.querySelectorAll('figure .wide')].filter(f => "
        "f.scrollWidth > f.clientWidth && getComputedStyle(f).overflowX !== 'auto').length"
    )
    assert browser.execute_script(overflow) == 0


def test_paper_is_as_wide_as_its_figures(browser, report):
    open_page(browser, report, 1280)
    widths = "return [...document.querySelectorAll('.main-svg')].map(e => e.getAttribute('width'))"
    on_screen = browser.execute_script(widths)
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert set(browser.execute_script(widths)) == {"640"}
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert browser.execute_script(widths) == on_screen


def test_the_designs_are_read_sideways_on_a_phone(browser, report):
    open_page(browser, report, 390)
    card = "const c = document.querySelector('table.card'); c.parentElement.scrollLeft = 200;"
    name = "return c.querySelector('tbody td').getBoundingClientRect().left"
    assert browser.execute_script(card + name) >= 0
