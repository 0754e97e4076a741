"""What `cmake --install` puts in place."""

import pathlib
import re
import subprocess

import pytest

from support.server import BINARY, environment

ROOT = pathlib.Path(__file__).parent.parent
pytestmark = pytest.mark.embedded


def test_the_program_and_its_documents_are_installed(tmp_path):
    done = subprocess.run(["cmake", "--install", pathlib.Path(BINARY).parent, "--prefix", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = subprocess.run([tmp_path / "bin/integrity", "--version"], capture_output=True, text=True, env=environment())
    assert re.fullmatch(r"integrity \d+\.\d+\.\d+\n", said.stdout), said
    documents = tmp_path / "share/doc/integrity"
    links = [path.parent / link for path in documents.rglob("*.md") for link in re.findall(r"\]\(([^)#:`\s]+)(?:#[^)]*)?\)", path.read_text())]
    assert documents / "LICENSE" in links and documents / "docs/cluster.md" in links
    assert not [link for link in links if not link.exists()]
    assert {path.name for path in (documents / "contrib").iterdir()} == {"grafana", "prometheus"}, "package scripts are no documents"


@pytest.mark.parametrize("mongo", [True, False])
def test_a_packagers_build_asks_for_no_tools_of_ours(tmp_path, mongo):
    """Warnings of another compiler are not errors there, and the linker is the system's. MongoDB's driver is optional."""
    cmake = ["cmake", "-S", ROOT, "-B", tmp_path, "-G", "Ninja", f"-DINTEGRITY_MONGO={'ON' if mongo else 'OFF'}"]
    done = subprocess.run(cmake, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "build.ninja").read_text()
    assert "-O3" in made, "optimised, where nobody says otherwise"
    assert "-Werror" not in made and "-fuse-ld" not in made
    assert ("mongoc" in made, "unit_tests" in made) == (mongo, mongo)
