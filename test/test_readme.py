"""README's first session, as it stands: its lines are pasted into a shell, and a phone (zbarimg, oathtool) reads
the QR code off the terminal."""

import os
import pathlib
import re
import subprocess
import threading
import time

from support.accounts import totp
from support.server import Server, environment
from support.terminal_qr import to_pbm

ROOT = pathlib.Path(__file__).parent.parent
README = ROOT / "README.md"


def first_session() -> list[str]:
    """The lines of the ```sh blocks under the heading that says "first session"."""
    section = re.search(r"^##+ [^\n]*first session[^\n]*\n(.*?)(?=^## |\Z)", README.read_text(), re.M | re.S | re.I)
    assert section, 'README has no heading with "first session"'
    blocks = re.findall(r"^```sh\n(.*?)^```", section[1], re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line.strip() and not line.startswith("#")]


def to_paste() -> list[str]:
    return [line for line in first_session() if not re.match(r"git clone|cd |\./dev run", line)]


def test_at_most_eight_lines_lead_to_the_first_product():
    lines = first_session()
    created = next(i for i, line in enumerate(lines) if "/products" in line)
    assert created < 8, "\n".join(lines[:created + 1])
    assert not any(re.search(r"\bjq\b", line) for line in lines)


def test_the_lines_work(tmp_path):
    with Server() as server:
        script = "\n".join(to_paste()).replace(":8080", f":{server.port}")
        assert f":{server.port}" in script
        shell = subprocess.Popen(["bash", "-e", "-u", "-o", "pipefail", "-c", script], cwd=tmp_path, text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=environment(HOME=str(tmp_path)))
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.extend(iter(lambda: shell.stdout.read(1), "")))
        reader.start()
        secret = phone(tmp_path, said, shell)
        shell.stdin.write(totp(secret, int(time.time()) // 30) + "\n")
        shell.stdin.close()
        assert shell.wait(30) == 0, "".join(said)
        reader.join()
        output = "".join(said)
        product = output[output.rindex('{"id"'):] if '{"id"' in output else output
        assert re.search(r'"price":\s*\d+\.\d\d', product) and '"version"' in product, output
        assert "/problems/" not in output, output


def phone(folder, said, shell) -> str:
    """Waits until a QR code can be read in what the shell printed; gives its secret."""
    for _ in range(300):
        picture = folder / "qr.pbm"
        try:
            picture.write_bytes(to_pbm("".join(said)))
            uri = subprocess.run(["zbarimg", "-q", "--raw", picture], capture_output=True, text=True).stdout
            if found := re.search("secret=([A-Z2-7]{32})", uri):
                return found[1]
        except AssertionError:
            pass
        assert shell.poll() is None, "".join(said)
        time.sleep(0.1)
    raise AssertionError("no QR code in\n" + "".join(said))


def test_dev_run_prints_the_same_lines():
    """`./dev run` shows what README says, by reading it there."""
    script = "source <(sed -n '/^first_session()/,/^}/p' dev); first_session"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True,
                          env={"PATH": os.environ["PATH"]})
    shown = [line for line in done.stdout.splitlines() if line.strip() and not line.startswith("#")]
    assert shown == to_paste()


def test_it_names_only_what_exists():
    verbs = subprocess.run([ROOT / "dev"], capture_output=True, text=True, check=True).stdout
    for verb in re.findall(r"\./dev ([a-z]+)", README.read_text()):
        assert re.search(rf"\./dev {verb}\b", verbs), f"README names ./dev {verb}"
    for path in re.findall(r"\]\(([^)#:]+)\)", README.read_text()):
        assert (ROOT / path).exists(), f"README links to {path}"
