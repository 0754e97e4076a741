"""Texts in the repository that are compared with what the server gives. `BLESS=1` writes them; review the diff."""

import os
import pathlib

ROOT = pathlib.Path(__file__).parent.parent.parent
BLESS = os.environ.get("BLESS") == "1"


def compare(name: str, text: str) -> None:
    path = ROOT / name
    if BLESS:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    stored = path.read_text() if path.exists() else None
    assert text == stored, f"{name} is not what the server gives; if this change is wanted: BLESS=1, then read the diff"
