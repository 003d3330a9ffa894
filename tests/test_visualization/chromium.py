"""A page in headless Chromium: what its script says, and what it looks like."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_WATCH = '<script>addEventListener("error", e => (window.faults ??= []).push(e.message))</script>'
_ASK = """<script>addEventListener('load', () => {
  let answer;
  try { answer = (() => { %s })(); } catch (error) { answer = {failed: String(error)}; }
  const found = {answer, faults: window.faults ?? [], width: innerWidth,
    needed: document.documentElement.scrollWidth};
  const place = document.createElement('pre');
  place.id = 'read-out';
  place.hidden = true;
  place.textContent = JSON.stringify(found);
  parent.document.body.append(place);
})</script>"""

_FRAME = """<!DOCTYPE html><meta charset="utf-8"><body style="margin: 0">
<iframe style="border: 0; width: {width}px; height: 1500px" srcdoc="{text}"></iframe>"""


def ask(page: Path, script: str, *, width: int = 1400, picture: Path | None = None) -> Any:
    """Run a script in a page after it has loaded.

    Args:
        page: HTML file.
        script: Body of a function; what it returns becomes JSON.
        width: Of the window, in pixels.
        picture: Where to put a screenshot, taken after the script.

    Returns:
        What the script returned. The page must have had no error and no horizontal overflow.
    """
    browser = shutil.which('chromium') or shutil.which('chromium-browser')
    if browser is None:
        pytest.skip('no chromium is installed')
    text = page.read_text().replace('<head>', f'<head>{_WATCH}', 1)
    asked = page.with_name(f'asked_{page.name}')
    text = text.replace('</body>', f'{_ASK % script}</body>')
    # A window has at least 500 pixels; a frame may have fewer, and is a window to its page.
    asked.write_text(_FRAME.format(width=width, text=html.escape(text)))
    tasks = [['--dump-dom']] + ([[f'--screenshot={picture}']] if picture else [])
    outputs = []
    for number, task in enumerate(tasks):
        found = subprocess.run(
            [
                *(browser, '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic'),
                *('--no-first-run', '--disable-background-networking', '--disable-sync'),
                *('--disable-component-update', '--disable-dev-shm-usage', '--hide-scrollbars'),
                *(
                    f'--window-size={width},1500',
                    f'--user-data-dir={page.parent / f"browser{number}"}',
                ),
                *(*task, asked.as_uri()),
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
        if found.returncode:
            pytest.skip(f'chromium does not run here: {found.stderr[-200:]}')
        outputs.append(found.stdout)
    match = re.search(r'<pre id="read-out" hidden="">(.*?)</pre>', outputs[0], re.S)
    assert match, 'the page did not load'
    answer = json.loads(html.unescape(match[1]))
    assert not answer['faults'], answer['faults']
    assert answer['width'] == width
    assert answer['needed'] <= width, 'the page scrolls sideways'
    assert picture is None or picture.stat().st_size > 0
    return answer['answer']
