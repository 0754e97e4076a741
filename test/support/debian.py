"""Clean Debian 12 systems in folders, run by systemd-nspawn: with systemd as their process 1, or for one command. Needs
root, and the packages that `./dev test --release` installs."""

import contextlib
import ctypes
import fcntl
import hashlib
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from .server import BINARY

ROOT = pathlib.Path(__file__).parent.parent.parent
INCLUDED = "systemd-sysv"
MIRROR = "http://deb.debian.org/debian"
HIERARCHIES = [pathlib.Path("/sys/fs/cgroup", name) for name in ("systemd", "unified", "")]
CLONE_NEWNET = 0x40000000  # sched.h
_numbers = itertools.count(1)


def needed() -> None:
    """Skips where such systems cannot be run; CI counts a skipped test as a failure."""
    missing = [tool for tool in ("mmdebstrap", "systemd-nspawn", "nsenter") if shutil.which(tool) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"a clean Debian needs root and mmdebstrap, systemd-container; missing: {missing or 'root'}")


def base() -> pathlib.Path:
    """A tarball of Debian's essential packages, apt and systemd; made once, in half a minute."""
    named = hashlib.sha256(f"bookworm {INCLUDED} {MIRROR}".encode()).hexdigest()[:16]
    tarball = ROOT / "build" / f"debian-{named}.tar"
    tarball.parent.mkdir(exist_ok=True)
    with open(tarball.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tarball.exists():
            print("Making a clean Debian from packages, once, which can take minutes", file=sys.stderr)
            unfinished = tarball.with_suffix(".new.tar")
            make = ["mmdebstrap", "--quiet", "--variant=apt", f"--include={INCLUDED}", "bookworm", unfinished, MIRROR]
            done = subprocess.run(make, capture_output=True, text=True)
            if done.returncode != 0:
                pytest.skip(f"Debian's packages cannot be had: {done.stderr[-1000:]}")
            unfinished.rename(tarball)
    return tarball


def package() -> pathlib.Path:
    """The package as `./dev package` makes it from the program under test; made once for the tests of several files."""
    program = pathlib.Path(BINARY)
    folders = ("contrib", "docs", "examples")
    made_from = [program, *ROOT.glob("*.md"), *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    deb = ROOT / "build/package-for-tests" / f"integrity_{version}_amd64.deb"
    deb.parent.mkdir(exist_ok=True)
    with open(deb.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not deb.exists() or deb.stat().st_mtime < max(path.stat().st_mtime for path in made_from):
            build = [ROOT / "contrib/package/build", program.parent, deb.parent]
            done = subprocess.run(build, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return deb


@contextlib.contextmanager
def unpacked(folder: pathlib.Path):
    """The clean system in a new folder, in memory: dpkg syncs thousands of files, and all of them are removed again."""
    needed()
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=1g", "tmpfs", folder], check=True)
    try:
        subprocess.run(["tar", "-xf", base(), "-C", folder], check=True)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def nspawn(root: pathlib.Path, *options) -> list:
    name = f"integrity-{os.getpid()}-{next(_numbers)}"
    return ["systemd-nspawn", "--quiet", f"--directory={root}", f"--machine={name}", "--register=no", "--keep-unit",
            *options]


def run_in(root: pathlib.Path, *command, options=()) -> str:
    """One command in the system, with this machine's network."""
    inside = nspawn(root, "--pipe", *options, "--", *command)
    done = subprocess.run(inside, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


class Machine:
    """A system that runs, in namespaces of its own: its network has nothing but loopback, so ports may be fixed."""

    def __init__(self, root: pathlib.Path, *options):
        self.root = root
        self.log_path = root.with_suffix(".log")
        self.options = options
        # Its own control groups: two machines in one would take each other's processes for theirs.
        name = f"integrity-test-{os.getpid()}-{root.name}"
        self.groups = [hierarchy / name for hierarchy in HIERARCHIES if (hierarchy / "cgroup.procs").exists()]

    def __enter__(self) -> "Machine":
        for group in self.groups:
            group.mkdir()
        with open(self.log_path, "w") as log:
            self.nspawn = subprocess.Popen(nspawn(self.root, "--private-network", *self.options),
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                           preexec_fn=self._enter_groups)
        try:
            self.leader = self._wait(self._find_leader)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        """Kills what is in its groups, which is nspawn and all that it started, and removes them."""
        for group in self.groups:
            end = time.monotonic() + 30
            while group.exists():
                assert time.monotonic() < end, f"{group} is still in use"
                for folder, _, _ in os.walk(group, topdown=False):
                    with contextlib.suppress(OSError):
                        for process in pathlib.Path(folder, "cgroup.procs").read_text().split():
                            os.kill(int(process), signal.SIGKILL)
                        os.rmdir(folder)
                threading.Event().wait(0.05)
        self.nspawn.wait(30)

    def _enter_groups(self) -> None:
        for group in self.groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    def _wait(self, found, seconds: float = 60):
        """What `found` returns, once that is true."""
        end = time.monotonic() + seconds
        while not (result := found()):
            assert self.nspawn.poll() is None and time.monotonic() < end, self.log_path.read_text()[-3000:]
            threading.Event().wait(0.05)
        return result

    def _find_leader(self) -> int | None:
        """The child of nspawn, once it has namespaces of its own and runs its program."""
        for child in pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                if "nspawn" not in os.readlink(f"/proc/{child}/exe"):
                    return int(child)
        return None

    def run(self, *command, check: bool = True, stdin: str = "") -> subprocess.CompletedProcess:
        """A command in the machine, as its root."""
        inside = ["nsenter", "--target", str(self.leader), "--all", "--", "env", "-i", "LC_ALL=C.UTF-8",
                  "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *map(str, command)]
        done = subprocess.run(inside, capture_output=True, text=True, input=stdin)
        said = done.stdout[-2000:] + done.stderr[-2000:]
        assert done.returncode == 0 or not check, f"{command}: {done.returncode}\n{said}"
        return done

    def until(self, found, seconds: float = 60):
        return self._wait(found, seconds)

    @contextlib.contextmanager
    def network(self):
        """Sockets that this thread makes meanwhile are in the machine's network."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as own, open(f"/proc/{self.leader}/ns/net") as its:
            assert libc.setns(its.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(own.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
