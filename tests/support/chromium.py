"""A headless Chromium for the tests, driven by chromedriver's protocol (W3C WebDriver)."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 120
"""Seconds after which the browser is taken to hang."""
_OBSERVER = """
window.alarms = [];
document.addEventListener("securitypolicyviolation", ({violatedDirective, blockedURI}) =>
  window.alarms.push(`blocked: ${violatedDirective} ${blockedURI}`));
window.addEventListener("error", ({message}) => window.alarms.push(`error: ${message}`));
for (const name of ["alert", "confirm", "prompt", "open"]) {
  window[name] = () => window.alarms.push(`called: ${name}`);
}
"""
"""Notes what a page must not do; installed before any script of the page."""


def find_browser() -> tuple[str, str]:
    """The browser and its driver; skips the test without them, and fails it in CI."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if browser and driver:
        return browser, driver
    if os.environ.get("CI"):
        pytest.fail("CI must install chromium and chromium-driver")
    pytest.skip("needs a browser: apt-get install chromium chromium-driver")


class Browser:
    """One window.

    Args:
        address: of the session, ``http://127.0.0.1:PORT/session/ID``.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source=_OBSERVER)

    def open(self, page: Path) -> None:
        """Load a file, and forget what earlier pages logged."""
        self._logs("browser"), self._logs("performance")
        _post(f"{self._address}/url", url=page.resolve().as_uri())

    def run(self, script: str, *values: object) -> Any:
        """Run the body of a function in the page, with ``values`` as its ``arguments``."""
        return _post(f"{self._address}/execute/sync", script=script, args=values)

    def devtools(self, command: str, **values: object) -> Any:
        """Send a command of the DevTools protocol."""
        return _post(f"{self._address}/goog/cdp/execute", cmd=command, params=values)

    def press(self, keys: str) -> None:
        """Type keys into the focused element; ``\\ue004`` is Tab, ``\\ue006`` is Enter."""
        steps = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": steps}
        _post(f"{self._address}/actions", actions=[keyboard])

    def resize(self, width: int, height: int) -> None:
        """Give the window another size, in CSS pixels."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def prefer(self, scheme: str) -> None:
        """Let the user prefer a ``light`` or a ``dark`` page."""
        wish = {"name": "prefers-color-scheme", "value": scheme}
        self.devtools("Emulation.setEmulatedMedia", features=[wish])

    def alarms(self) -> list[str]:
        """What the page did that it must not do, and what the console shows."""
        console = [f"console: {entry['message']}" for entry in self._logs("browser")]
        return [*self.run("return window.alarms"), *console]

    def requests(self) -> dict[str, str | None]:
        """The addresses asked for since :meth:`open`, each with the reason if it was blocked."""
        messages = [json.loads(entry["message"])["message"] for entry in self._logs("performance")]
        blocked = {
            message["params"]["requestId"]: message["params"].get("blockedReason")
            for message in messages
            if message["method"] == "Network.loadingFailed"
        }
        return {
            message["params"]["request"]["url"]: blocked.get(message["params"]["requestId"])
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        }

    def picture(self) -> bytes:
        """The whole page as PNG."""
        shot = self.devtools("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def _logs(self, kind: str) -> list[dict[str, Any]]:
        logs = _post(f"{self._address}/se/log", type=kind)
        assert isinstance(logs, list)
        return logs


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser that resolves no host name.

    Args:
        folder: an empty folder for the browser's profile.
    """
    browser, driver = find_browser()
    words = ["--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run"]
    words += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    words += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--no-sandbox")
    wanted = {
        "browserName": "chrome",
        "goog:chromeOptions": {"binary": browser, "args": words},
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    }
    with (folder / "driver.log").open("wb") as log:
        process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, stderr=log)
    assert process.stdout is not None
    session = ""
    try:
        started = (re.search(rb"successfully on port (\d+)", line) for line in process.stdout)
        port = next(int(found[1]) for found in started if found)
        driver_address = f"http://127.0.0.1:{port}/session"
        made = _post(driver_address, capabilities={"alwaysMatch": wanted})
        session = f"{driver_address}/{made['sessionId']}"
        yield Browser(session)
    finally:
        if session:
            _call(urllib.request.Request(session, method="DELETE"))
        process.terminate()
        process.wait(PATIENCE_S)
        process.stdout.close()


def _post(address: str, **values: object) -> Any:
    body = json.dumps(values).encode()
    head = {"Content-Type": "application/json"}
    return _call(urllib.request.Request(address, data=body, headers=head))


def _call(request: urllib.request.Request) -> Any:
    """The value of an answer; an error of the driver fails the test with its message."""
    # No proxy of the environment may stand between the test and its own driver.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        with error:
            told = json.load(error)["value"]
        pytest.fail(f"{told['error']}: {told['message']}")
