"""Texts that are kept in the repository and compared with what the server gives. `BLESS=1` writes them anew; what
changed is then a diff for a reviewer to read."""

import os
import pathlib

ROOT = pathlib.Path(__file__).parent.parent.parent
BLESS = os.environ.get("BLESS") == "1"


def compare(name: str, text: str) -> None:
    path = ROOT / name
    if BLESS:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    kept = path.read_text() if path.exists() else None
    assert text == kept, f"{name} is not what the server gives; if this change is wanted: BLESS=1, then read the diff"
