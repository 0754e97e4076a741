"""Clean Debian 12 systems in folders. Commands run in them by chroot(2), which works in most containers too; systemd-nspawn
boots them, or runs one program in namespaces of its own, where the kernel lets it. Needs root, and the packages that
`./dev test --release` installs."""

import contextlib
import ctypes
import fcntl
import hashlib
import itertools
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import pytest

from .server import BINARY
from .summary import ALLOWED

ROOT = pathlib.Path(__file__).parent.parent.parent
INCLUDED = "systemd-sysv"
MIRROR = "http://deb.debian.org/debian"
HIERARCHIES = [pathlib.Path("/sys/fs/cgroup", name) for name in ("systemd", "unified", "")]
CLONE_NEWNET = 0x40000000  # sched.h
CLEAN = ["env", "-i", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
_numbers = itertools.count(1)


def said(*command, **options) -> str:
    """What a command prints; if it fails, the test shows all of it."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, f"{command}: status {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def needed() -> None:
    """Skips where a clean system cannot be made; CI counts that as a failure."""
    missing = [tool for tool in ("mmdebstrap", "systemd-nspawn", "nsenter") if shutil.which(tool) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"a clean Debian needs root and mmdebstrap, systemd-container; missing: {missing or 'root'}")


@contextlib.contextmanager
def made_once(name: str, made_from: str):
    """The path of a tarball below build/, and where to write it if it is not there yet, otherwise None."""
    tarball = ROOT / "build" / f"{name}-{hashlib.sha256(made_from.encode()).hexdigest()[:16]}.tar"
    tarball.parent.mkdir(exist_ok=True)
    with open(tarball.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unfinished = None if tarball.exists() else tarball.with_suffix(".new.tar")
        yield tarball, unfinished
        if unfinished:
            unfinished.rename(tarball)


def base() -> pathlib.Path:
    """A tarball of Debian's essential packages, apt and systemd; made once, in half a minute."""
    needed()
    with made_once("debian", f"bookworm {INCLUDED} {MIRROR}") as (tarball, unfinished):
        if unfinished:
            print("Making a clean Debian from packages, once, which can take minutes", file=sys.stderr)
            make = ["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", f"--include={INCLUDED}",
                    *([] if may_mount() else ["--skip=check/canmount"]), "bookworm", unfinished, MIRROR]
            done = subprocess.run(make, capture_output=True, text=True)
            if done.returncode != 0:
                pytest.skip(f"Debian's packages cannot be had: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return tarball


def may_mount() -> bool:
    """Most containers may not."""
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(probe, capture_output=True).returncode == 0


def with_dependencies(deb: pathlib.Path) -> list[pathlib.Path]:
    """What to unpack for a clean Debian that installs this package without a network: apt has fetched the archives of
    what the package depends on, and has installed none."""
    depends = said("dpkg-deb", "--field", deb, "Depends")
    clean = base()
    with made_once("debian-archives", f"{clean.name} {depends}") as (archives, unfinished):
        if unfinished:
            with tempfile.TemporaryDirectory() as place, unpacked(pathlib.Path(place) / "root", clean) as root:
                shutil.copy(deb, root / "root/package.deb")
                run_in(root, "apt-get", "-q", "update")
                run_in(root, "apt-get", "-q", "-y", "--no-install-recommends", "--download-only", "install",
                       "/root/package.deb")
                said("tar", "-cf", unfinished, "-C", root, "var/cache/apt/archives", "var/lib/apt/lists")
    return [clean, archives]


def package() -> pathlib.Path:
    """The package as `./dev package` makes it from the program under test; made once for the tests of several files."""
    program = pathlib.Path(BINARY)
    folders = ("contrib", "docs", "examples")
    made_from = [program, *ROOT.glob("*.md"), *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    deb = ROOT / "build/package-for-tests" / f"integrity_{said(program, '--version').split()[1]}_amd64.deb"
    deb.parent.mkdir(exist_ok=True)
    with open(deb.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not deb.exists() or deb.stat().st_mtime < max(path.stat().st_mtime for path in made_from):
            said(ROOT / "contrib/package/build", program.parent, deb.parent)
    return deb


def earlier(deb: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """The same program as a package with a lower number and another comment in its configuration, because no earlier
    package was ever published: an upgrade as dpkg sees it. Databases of earlier programs have tests of their own."""
    said("dpkg-deb", "--raw-extract", deb, folder / "tree")
    control, config = folder / "tree/DEBIAN/control", folder / "tree/etc/integrity/integrity.toml"
    control.write_text(re.sub("^Version: .*$", "Version: 0.0.1", control.read_text(), flags=re.M))
    config.write_text("# Of version 0.0.1\n" + config.read_text())
    said("dpkg-deb", "--root-owner-group", "--build", folder / "tree", folder / "earlier.deb")
    return folder / "earlier.deb"


@contextlib.contextmanager
def unpacked(folder: pathlib.Path, *tarballs):
    """A system in a new folder; in memory, where this machine may mount that."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "mode=755,size=1g", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True).returncode == 0
    try:
        for tarball in tarballs:
            said("tar", "-xf", tarball, "-C", folder)
        # It is thrown away, so dpkg need not sync thousands of files.
        (folder / "etc/dpkg/dpkg.cfg.d/test").write_text("force-unsafe-io\n")
        # Nobody answers questions; docs/upgrade.md names these options for such a machine.
        (folder / "etc/apt/apt.conf.d/test").write_text('APT::Get::Assume-Yes "true";\nAPT::Install-Recommends "false";\n'
                                                        'Dpkg::Options { "--force-confold"; };\n')
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
        yield folder
    finally:
        if mounted:
            said("umount", "--lazy", folder)
        else:
            shutil.rmtree(folder)


@contextlib.contextmanager
def proc_mounted(root: pathlib.Path):
    """Skips where the kernel refuses it; CI allows that (support/summary.py)."""
    done = subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(ALLOWED + " ".join(done.stderr.split()))
    try:
        yield
    finally:
        said("umount", "--lazy", root / "proc")


def first_steps(name: str) -> str:
    """The commands under "In production" in README.md after the installation, for an account of that name."""
    text = (ROOT / "README.md").read_text()
    install, commands = re.search(r"^```\n([^\n]*)\n(.*?)^```$", text[text.index("## In production"):], re.M | re.S).groups()
    assert install.startswith("apt-get install ./build/integrity_")
    return "set -e\n" + commands.replace("NAME", name)


def way_back(backup: str) -> str:
    """The commands under "Going back" in docs/upgrade.md, from the package to the earlier one and to that backup."""
    text = (ROOT / "docs/upgrade.md").read_text()
    (commands,) = re.findall(r"^```\n(.*?)^```$", text[text.index("## Going back"):], re.M | re.S)
    assert "./integrity_OLD_amd64.deb" in commands and "BACKUP" in commands
    return "set -e\n" + commands.replace("./integrity_OLD_amd64.deb", "/root/earlier.deb").replace("BACKUP", backup)


def raise_version(database: pathlib.Path) -> None:
    """As a newer program would leave it, as far as an older one can tell."""
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA user_version = 99")


def run_in(root: pathlib.Path, *command) -> str:
    """One command in the system, as its root, with this machine's network."""
    return said("chroot", root, *CLEAN, *command)


def nspawn(root: pathlib.Path, *options) -> list:
    name = f"integrity-{os.getpid()}-{next(_numbers)}"
    return ["systemd-nspawn", "--quiet", f"--directory={root}", f"--machine={name}", "--register=no", "--keep-unit",
            *options]


class Ended(AssertionError):
    """systemd-nspawn ended before what was waited for."""


class Machine:
    """A system that runs, in namespaces of its own: its network has nothing but loopback, so ports may be fixed."""

    def __init__(self, root: pathlib.Path, *options):
        self.root = root
        self.log_path = root.with_suffix(".log")
        self.options = options
        # Its own control groups: two machines in one would take each other's processes for theirs.
        name = f"integrity-test-{os.getpid()}-{root.name}"
        self.groups = [hierarchy / name for hierarchy in HIERARCHIES if (hierarchy / "cgroup.procs").exists()]
        self.nspawn = None

    def __enter__(self) -> "Machine":
        try:
            for group in self.groups:
                group.mkdir()
            with open(self.log_path, "w") as log:
                self.nspawn = subprocess.Popen(nspawn(self.root, "--private-network", *self.options),
                                               stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                               preexec_fn=self._enter_groups)
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
        if self.nspawn:
            self.nspawn.wait(30)

    def _enter_groups(self) -> None:
        for group in self.groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    def _wait(self, found, seconds: float = 60):
        """What `found` returns, once that is true."""
        end = time.monotonic() + seconds
        while not (result := found()):
            if self.nspawn.poll() is not None:
                raise Ended(self.log_path.read_text()[-3000:])
            assert time.monotonic() < end, self.log_path.read_text()[-3000:]
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
        inside = ["nsenter", "--target", str(self.leader), "--all", "--", *CLEAN, *map(str, command)]
        done = subprocess.run(inside, capture_output=True, text=True, input=stdin)
        printed = done.stdout[-2000:] + done.stderr[-2000:]
        assert done.returncode == 0 or not check, f"{command}: {done.returncode}\n{printed}"
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


@contextlib.contextmanager
def tried(machine: Machine, ready=lambda machine: True):
    """A clean system, without anything of ours, that runs and is ready. Skips where the kernel, or the container that this
    machine is, forbids it; CI allows such a skip and prints the reason (support/summary.py). A system that only takes too
    long is a failure."""
    try:
        machine.__enter__()
        machine.until(lambda: ready(machine))
    except (OSError, subprocess.SubprocessError, Ended) as error:
        machine.__exit__()
        pytest.skip(ALLOWED + " ".join(str(error).split()))
    try:
        yield machine
    finally:
        machine.__exit__()


def booted(root: pathlib.Path):
    def ready(machine: Machine) -> bool:
        return machine.run("systemctl", "is-system-running", check=False).stdout in ("running\n", "degraded\n")
    return tried(Machine(root, "--boot", "--console=pipe"), ready)
