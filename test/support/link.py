"""A proxy to a server on loopback that can be cut for one process, as if a cable were pulled: its connections stay
open, but no byte passes. Other processes are not affected.

    link = Link(port)            # forwards link.port to port
    link.cut(pid); link.mend()
"""

import asyncio
import os
import re
import threading

CHUNK = 65536


class Link:
    def __init__(self, target: int):
        self.target = target
        self._loop = asyncio.new_event_loop()
        self._cut: set = set()
        self._connections: list = []  # (process, task) of each connection
        self._server = self._loop.run_until_complete(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def cut(self, pid: int) -> None:
        self._loop.call_soon_threadsafe(self._cut.add, pid)

    def mend(self) -> None:
        """Closes the connections that were cut; what was sent on them meanwhile is lost."""
        self._loop.call_soon_threadsafe(self._mend)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _mend(self) -> None:
        for pid, task in self._connections:
            if pid in self._cut:
                task.cancel()
        self._connections = [(pid, task) for pid, task in self._connections if not task.done() and pid not in self._cut]
        self._cut.clear()

    async def _carry(self, reader, writer) -> None:
        pid = process_of(writer.get_extra_info("peername")[1], self.port)
        self._connections.append((pid, asyncio.current_task()))
        try:
            await self._open(pid)
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
            try:
                pumps = [asyncio.ensure_future(self._pump(pid, reader, back)), asyncio.ensure_future(self._pump(pid, there, writer))]
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                back.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _pump(self, pid, reader, writer) -> None:
        while data := await reader.read(CHUNK):
            await self._open(pid)
            writer.write(data)
            await writer.drain()

    async def _open(self, pid) -> None:
        while pid in self._cut:
            await asyncio.sleep(3600)  # until it is cancelled


def process_of(port: int, peer: int) -> int | None:
    """The id of the process that has the loopback connection from `port` to `peer`."""
    ends = re.compile(rf" 0100007F:{port:04X} 0100007F:{peer:04X} (?:\S+ +){{6}}(\d+)")
    with open("/proc/net/tcp", encoding="ascii") as table:
        found = ends.search(table.read())
    if not found:
        return None
    name = f"socket:[{found[1]}]"
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if any(os.readlink(f"/proc/{pid}/fd/{number}") == name for number in os.listdir(f"/proc/{pid}/fd")):
                return int(pid)
        except OSError:
            pass  # the process has ended meanwhile
    return None
