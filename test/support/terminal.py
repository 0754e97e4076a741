"""A command on a pseudo-terminal."""

import codecs
import os
import pty
import re
import select
import subprocess

from support.server import BINARY, environment


class Terminal:
    """`with Terminal("user", "add", name) as terminal`: `until` waits for a prompt, `type` answers it."""

    def __init__(self, *arguments):
        self.said = ""
        # A read can end in the middle of a UTF-8 character, such as a block of a QR code.
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen([BINARY, *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave,
                                        env=environment(TERM="xterm"), start_new_session=True)
        os.close(slave)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def _read(self, size: int = 65536) -> bool:
        """False at the end, when the last process has closed the terminal."""
        try:
            data = os.read(self._master, size)
        except OSError:
            data = b""
        self.said += self._decoder.decode(data, final=not data)
        return bool(data)

    def until(self, pattern: str, read_size: int = 65536) -> re.Match:
        while not (found := re.search(pattern, self.said)):
            assert select.select([self._master], [], [], 30)[0], f"nothing like {pattern} in:\n{self.said}"
            assert self._read(read_size), self.said
        return found

    def type(self, line: str) -> None:
        os.write(self._master, line.encode() + b"\n")

    def end(self) -> int:
        """Waits for the end; returns the exit status. `said` is then complete."""
        while self._read():
            pass
        return self.process.wait(30)
