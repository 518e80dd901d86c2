"""The MLflow page as a person meets it, in a real browser."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tracking.mlflow.server import serving
from tracking.publisher import sync
from tracking.record import RunFolder

pytestmark = pytest.mark.browser
Make = Callable[..., RunFolder]

OF_MLFLOW = "/ajax-api/2.0/mlflow/users/current"
"""MLflow's page asks who is logged in; a server without accounts answers 404, and it goes on."""

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR42mNgaPjP8L+BAQAMAAL/Qg/RMQAAAABJRU5ErkJggg=="
"""Six grey pixels, 3 x 2."""

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync")
FLAGS += ("--disable-background-networking", "--disable-component-update", "--window-size=1500,950")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.get("about:blank")
    driver.get_log("performance")  # what the browser's own start page asked for
    yield driver
    driver.quit()


def _shows(driver: Any, text: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    body = "return document.body.innerText"
    WebDriverWait(driver, 60).until(lambda d: text in d.execute_script(body), f"never saw {text}")


def _draws_picture(driver: Any) -> None:
    """Wait for an artifact drawn 3 pixels wide, which nothing else on the page is."""
    from selenium.webdriver.support.ui import WebDriverWait

    widths = "return [...document.querySelectorAll('img')].map(i => i.naturalWidth)"
    WebDriverWait(driver, 60).until(lambda d: 3 in d.execute_script(widths), "never saw a picture")


def _hosts(driver: Any) -> set[str | None]:
    messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    sent = (
        m["params"]["request"]["url"]
        for m in messages
        if m["method"] == "Network.requestWillBeSent"
    )
    return {urlsplit(url).hostname for url in sent if urlsplit(url).scheme not in ("data", "blob")}


def test_runs_are_browsed_without_errors_or_foreign_hosts(
    workspace: Path, store: Any, tmp_path: Path, make_study: Make, make_run: Make, browser: Any
) -> None:
    for design in ("unet", "resupnet"):
        study = make_study(workspace, design)
        final = make_run(study, "final-101.0", kind="final")
        with final.writing("figures/tumour-P1.png") as path:
            path.write_bytes(base64.b64decode(PNG))
        make_run(study, "0.0")
        study.finish("FINISHED")
    sync(workspace, store.uri)
    ((experiment,),) = store.rows("select experiment_id from experiments where name = 'phantom'")
    ((run_id,),) = store.rows(
        "select run_uuid from runs join tags using (run_uuid)"
        f" where key = 'ablate.run_key' and value = '{final.run_key}'"
    )
    with serving(store.uri, tmp_path / "log") as server:
        page = f"{server.page}/#/experiments/{experiment}/runs"
        browser.get(page)
        _shows(browser, "unet study")
        _shows(browser, "resupnet study")
        browser.get(f"{page}/{run_id}")
        _shows(browser, "resupnet final-101.0")
        _shows(browser, "validation/dice")
        browser.get(f"{page}/{run_id}/artifacts/per_case.json")
        _shows(browser, "per_case.csv")
        _shows(browser, "P1")
        browser.get("about:blank")  # the page ignores another file of the same run in its address
        browser.get(f"{page}/{run_id}/artifacts/figures/tumour-P1.png")
        _draws_picture(browser)
        severe = [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]
        assert [message for message in severe if OF_MLFLOW not in message] == []
        assert _hosts(browser) == {"127.0.0.1"}
