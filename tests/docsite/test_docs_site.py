# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docs site in a real browser: each page at desktop and at phone width, and where its links lead."""

from __future__ import annotations

import base64
import functools
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
import yaml
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / ".nox" / "site" / "html"
SCREENSHOTS = SITE.parent / "screenshots"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.glob("**/*.html"))
# name: width, height, colours
SCREENS = {"desktop": (1280, 900, "light"), "phone": (390, 844, "light"), "dark": (390, 844, "dark")}
# Beyond this a screenshot takes long and shows nothing new.
TALLEST = 8000


def look(browser: webdriver.Chrome, url: str, screen: str, screenshot: Path | None = None) -> list[str]:
    """Opens a page, and says what is wrong with it."""
    width, height, colours = SCREENS[screen]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": screen != "desktop"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"features": [{"name": "prefers-color-scheme", "value": colours}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    for kind in ("browser", "performance"):
        browser.get_log(kind)
    browser.get(url)
    wrong = [f"the console says: {entry['message']}" for entry in browser.get_log("browser")]
    for entry in browser.get_log("performance"):
        event = json.loads(entry["message"])["message"]
        method, params = event["method"], event["params"]
        if method == "Network.requestWillBeSent" and urlsplit(params["request"]["url"]).scheme != "data":
            asked = params["request"]["url"]
            wrong += [] if asked.startswith(urljoin(url, "/")) else [f"asks for {asked}"]
        if method == "Network.responseReceived" and params["response"]["status"] >= 400:
            wrong.append(f"{params['response']['status']} for {params['response']['url']}")
        if method == "Network.loadingFailed":
            wrong.append(f"a request failed: {params['errorText']}")
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    wrong += [f"is {wide} pixels wide, on a screen of {width}"] if wide > width else []
    if screenshot:
        screenshot.parent.mkdir(parents=True, exist_ok=True)
        tall = min(browser.execute_script("return document.documentElement.scrollHeight"), TALLEST)
        clip = {"x": 0, "y": 0, "width": width, "height": tall, "scale": 1}
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        screenshot.write_bytes(base64.b64decode(shot["data"]))
    return wrong


def dead_links(browser: webdriver.Chrome, root: str, folder: Path) -> list[str]:
    """The links of the page that is open which lead to no page, or to no place on it."""
    hrefs = browser.execute_script("return [...document.querySelectorAll('a[href]')].map(link => link.href)")
    return [
        href
        for href in sorted(set(hrefs))
        if href.startswith(root) and not leads_somewhere(folder, href.removeprefix(root))
    ]


@functools.cache
def leads_somewhere(folder: Path, href: str) -> bool:
    name, fragment = urldefrag(href)
    page = folder / unquote(urlsplit(name).path or "index.html")
    return page.is_file() and (not fragment or unquote(fragment) in places(page))


@functools.cache
def places(page: Path) -> set[str]:
    return set(re.findall(r'\sid="([^"]+)"', page.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def site(serve: Callable[[Path], str]) -> str:
    return serve(SITE)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_good_to_look_at(browser: webdriver.Chrome, site: str, page: str, screen: str) -> None:
    assert look(browser, site + page, screen, SCREENSHOTS / screen / f"{page.replace('/', '-')}.png") == []
    assert dead_links(browser, site, SITE) == []


def test_what_the_collection_has_is_on_the_site() -> None:
    sections = yaml.safe_load((ROOT / "docs" / "docsite" / "extra-docs.yml").read_text())["sections"]
    wanted = {f"docsite/{name}" for section in sections for name in section["toctree"]}
    for kind, files in {
        "module": ROOT.glob("plugins/modules/*.py"),
        "lookup": ROOT.glob("plugins/lookup/*.py"),
        "role": ROOT.glob("roles/*"),
    }.items():
        wanted |= {f"{path.stem}_{kind}" for path in files}
    assert len(wanted) > 20
    assert {f"{name}.html" for name in wanted | {"index", "changelog", "search"}} - set(PAGES) == set()


def test_each_page_can_be_reached_from_the_first() -> None:
    queue = ["index.html"]
    for page in queue:
        hrefs = re.findall(r'href="([^":#]+\.html)[#"]', (SITE / page).read_text(encoding="utf-8"))
        queue += sorted({os.path.normpath(Path(page).parent / href) for href in hrefs} - {*queue})
    assert set(PAGES) - set(queue) == set()


def test_words_are_found_by_the_search(site: str, browser: webdriver.Chrome) -> None:
    browser.get(f"{site}search.html?q=AES-256-GCM")
    found = WebDriverWait(browser, 10).until(lambda page: page.find_elements(By.CSS_SELECTOR, "ul.search li a"))
    assert any("docsite/sealed_format.html" in link.get_attribute("href") for link in found)


def test_what_is_wrong_is_noticed(browser: webdriver.Chrome, serve: Callable[[Path], str], tmp_path: Path) -> None:
    faults = {
        "<script>nobody.home()</script>": "the console says: .*nobody is not defined",
        "<img src='missing.svg'>": "404 for .*/missing.svg",
        "<img src='https://example.com/outside.svg'>": "asks for https://example.com/outside.svg",
        "<pre style='width: 2000px'>wide</pre>": r"is 20\d\d pixels wide",
    }
    root = serve(tmp_path)
    for number, (fault, said) in enumerate(faults.items()):
        (tmp_path / f"{number}.html").write_text(f"<link rel=icon href='data:,'>{fault}")
        for screen in SCREENS:
            assert re.search(said, "\n".join(look(browser, f"{root}{number}.html", screen))), fault
    links = "<b id=here></b>" + "".join(f"<a href='{to}'>x</a>" for to in ("#here", "0.html", "#gone", "gone.html"))
    (tmp_path / "links.html").write_text(f'<b id="here"></b>{links}')
    look(browser, f"{root}links.html", "desktop")
    assert dead_links(browser, root, tmp_path) == [f"{root}gone.html", f"{root}links.html#gone"]
