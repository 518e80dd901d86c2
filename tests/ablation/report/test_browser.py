"""The page in a real browser: it draws, complains about nothing and asks no network."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
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
DRAWN = (
    "return [...document.querySelectorAll('figure')].every(f => "
    "f.querySelector('.main-svg') || f.closest('details:not([open])'))"
)
NO_TABLE_CUT = (
    "return [...document.querySelectorAll('.scroll')].filter(f => f.offsetParent && "
    "f.scrollWidth > f.clientWidth + 1).map(f => f.closest('section').id)"
)


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


LONG = (
    "nnUNet_3d_fullres_ensemble_with_postprocessing_v2",
    "unet",
    "swin_unetr_pretrained_elsewhere",
)


@pytest.fixture
def of_targets(design, table, tmp_path) -> Path:
    """Three designs with long names on three targets."""
    rng = np.random.default_rng(0)
    frames = [
        pd.concat(
            [table(rng.uniform(0.4, 0.9, 12)).assign(target=name) for name in ("ET", "TC", "WT")],
            ignore_index=True,
        )
        for _ in LONG
    ]
    designs = [design(name, frame) for name, frame in zip(LONG, frames, strict=True)]
    comparison = compare(designs, ComparisonConfig())
    return write_report(comparison, Source("demo"), tmp_path / "report")[0]


@pytest.mark.parametrize("width", [390, 1280])
def test_no_table_is_cut_and_long_names_wrap(browser, of_targets, width):
    open_page(browser, of_targets, width)
    assert browser.execute_script(NO_TABLE_CUT) == []
    browser.execute_script("document.querySelectorAll('details').forEach(d => (d.open = true))")
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 30).until(lambda b: b.execute_script(DRAWN))
    assert browser.execute_script(NO_TABLE_CUT) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    shown = "return [...document.querySelectorAll('#designs td')].map(c => c.textContent)"
    cells = browser.execute_script(shown)
    assert all(any(name in cell for cell in cells) for name in LONG)


def test_a_stacked_table_names_the_column_of_every_value(browser, report):
    open_page(browser, report, 390)
    script = (
        "return [...document.querySelectorAll('table.card.stacked tbody tr')].map(row => "
        "[...row.cells].map(c => [c.dataset.column, getComputedStyle(c, '::before').content]))"
    )
    for row in browser.execute_script(script):
        for column, shown in row[1:]:
            assert column
            assert shown == f'"{column}"'


@pytest.mark.parametrize("width", [390, 1280])
def test_the_contents_stay_in_view_and_lead_to_every_section(browser, report, width):
    open_page(browser, report, width)
    targets = "return [...document.querySelectorAll('nav a')].map(a => a.hash.slice(1))"
    sections = "return [...document.querySelectorAll('section[id]')].map(s => s.id)"
    assert browser.execute_script(targets) == browser.execute_script(sections)
    browser.execute_script("document.querySelector('nav a[href=\"#details\"]').click()")
    top = "return document.querySelector('nav').getBoundingClientRect().top"
    assert browser.execute_script(top) == 0
    browser.execute_script("document.querySelector('#results').scrollIntoView()")
    below = (
        "return document.querySelector('#results h2').getBoundingClientRect().top - "
        "document.querySelector('nav').getBoundingClientRect().bottom"
    )
    assert browser.execute_script(below) >= 0


def test_figures_of_further_targets_are_drawn_when_they_are_opened(browser, of_targets):
    open_page(browser, of_targets, 1280)
    waiting = (
        "return [...document.querySelectorAll('details figure')]"
        ".filter(f => !f.querySelector('.main-svg')).length"
    )
    assert browser.execute_script(waiting) > 0
    browser.execute_script("document.querySelectorAll('details').forEach(d => (d.open = true))")
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 30).until(lambda b: b.execute_script(waiting) == 0)
    assert browser.get_log("browser") == []
