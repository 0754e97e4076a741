"""A QR code drawn with block characters, as an image that zbarimg reads."""

HALVES = {" ": (0, 0), "\u00a0": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
PIXELS = 6  # width of a module


def to_pbm(text: str) -> bytes:
    """`text` has lines of half blocks (a character is two modules) or of full blocks (two characters are a module). It
    is drawn for dark terminals: a block is a light module."""
    lines = [line for line in text.splitlines() if line and not set(line) - set(HALVES)]
    assert len(lines) > 15, f"no QR code in {text!r}"
    if any(half in line for line in lines for half in "▀▄"):
        rows = [[HALVES[char][half] for char in line] for line in lines for half in (0, 1)]
    else:
        rows = [[HALVES[char][0] for char in line[::2]] for line in lines]
    width = max(map(len, rows))
    border = [[1] * width] * 2
    rows = border + [row + [1] * (width - len(row)) for row in rows] + border
    dots = "\n".join(" ".join("0" if light else "1" for light in row for _ in range(PIXELS))
                     for row in rows for _ in range(PIXELS))
    return f"P1\n{width * PIXELS} {len(rows) * PIXELS}\n{dots}\n".encode()
