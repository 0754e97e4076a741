"""The program under test, as a process on a free port with its own folder."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

BINARY = os.environ.get("INTEGRITY_BINARY", "")
MONGO = os.environ.get("INTEGRITY_TEST_STORE", "")  # the address of a replica set for the servers of the tests
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
# Rate limits that do not matter, unless a test is about them; bcrypt as cheap as allowed.
GENEROUS = ["--bcrypt-cost", "10", "--signup-burst", "100000", "--signup-rate", "1000",
            "--login-burst", "100000", "--login-rate", "1000"]
EVENING = 1_795_428_000  # 2026-11-23 10:00:00 UTC, where a faked clock begins: the start of a TOTP step


def environment(**changes) -> dict:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE")
                 if name in os.environ}
    inherited["UBSAN_OPTIONS"] = "print_stacktrace=1"
    return {**inherited, **changes}


def run(*arguments, stdin: str = "", timeout: float = 60, env: dict | None = None, cwd=None):
    """Runs `integrity ARGUMENTS…` to its end, without a terminal."""
    return subprocess.run([BINARY, *map(str, arguments)], input=stdin, text=True, capture_output=True,
                          timeout=timeout, env=environment(**(env or {})), cwd=cwd)


def database_at(address: str) -> str:
    """The address of a new database on that MongoDB."""
    members, _, options = address.removeprefix("mongodb://").partition("/")
    return f"mongodb://{members}/test{uuid.uuid4().hex[:12]}{options[options.find('?'):] if '?' in options else ''}"


class Server:
    """`with Server() as server`. `options` go to `integrity serve`; with `clock=True` its clock stands still until
    `move_clock`. `restart` and `kill9` keep the folder and the log."""

    def __init__(self, *options, clock: bool = False, generous: bool = True, env: dict | None = None,
                 listen: str = "127.0.0.1:0", store: str = ""):
        assert BINARY, "set INTEGRITY_BINARY to the program under test"
        self.binary = BINARY
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="integrity-test-"))
        self.data = self.folder / "data"
        self.log_path = self.folder / "log"
        self.options = ["--listen", listen, "--data", str(self.data)]
        self.store = store or (database_at(MONGO) if MONGO else "")
        self.options += self.store_option()
        self.options += (GENEROUS if generous else []) + list(map(str, options))
        self.env = environment(**(env or {}))
        self.time_path = self.folder / "time" if clock else None
        if clock:
            self.env |= {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(self.time_path), "TZ": "UTC",
                         "INTEGRITY_MAX_CLOCK_OFFSET": "0", "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
                         "ASAN_OPTIONS": "verify_asan_link_order=0"}
            self.set_clock(EVENING + 15)
        self.process = None
        self.tls = False
        self.damaged = False  # the test has damaged the store, so 500 is expected

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self._end()
            raise

    def __exit__(self, *_):
        try:
            if self.process.poll() is None:
                assert self.stop() == 0, f"ended badly:\n{self.log[-4000:]}"
            assert not re.search(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:", self.log), self.log
        finally:
            self._end()

    def _end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def spawn(self) -> "Server":
        """Starts the process without waiting until it listens."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.binary, "serve", *self.options], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, text=True, env=self.env)
        return self

    def start(self, within: float = 30) -> "Server":
        self.spawn()
        line = self.process.stdout.readline()  # returns when the process ends, too
        found = re.fullmatch(r"listening on (https?)://[0-9.]+:([0-9]+)\n", line)
        if not found:
            self.process.wait(within)
            raise AssertionError(f"did not start, exit {self.process.returncode}, said {line!r}:\n{self.log[-4000:]}")
        self.tls, self.port = found[1] == "https", int(found[2])
        return self

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def stop(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)

    def restart(self) -> "Server":
        assert self.stop() == 0, self.log[-4000:]
        return self.start()

    def store_option(self) -> list[str]:
        return ["--store", self.store] if self.store else []

    def pause(self) -> None:
        """Until `resume`. When this returns, all threads have stopped: they do not stop all at once."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill9(self) -> "Server":
        self.process.kill()
        self.process.wait()
        return self

    def now(self) -> float:
        return self._time if self.time_path else time.time()

    def set_clock(self, seconds: int) -> None:
        self._time = seconds
        fresh = self.folder / "time.new"
        fresh.write_text(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)))
        fresh.rename(self.time_path)

    def move_clock(self, seconds: int) -> None:
        self.set_clock(self._time + seconds)

    def command(self, *arguments, stdin: str = "", **rest):
        """Runs a host command on this server's folder."""
        env = {k: v for k, v in self.env.items()
               if k in ("LD_PRELOAD", "TZ", "INTEGRITY_MAX_CLOCK_OFFSET") or "FAKE" in k or k == "ASAN_OPTIONS"}
        if self.store and "--api-keys" in self.options:  # a command is a node of its own, with the options of all nodes
            env["INTEGRITY_API_KEYS"] = "true"
        return run(*arguments, "--data", self.data, *self.store_option(), stdin=stdin, env=env, **rest)
