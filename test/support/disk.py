"""A file system in memory, of a size of its own."""

import contextlib
import functools
import os
import subprocess


@functools.cache
def may_mount() -> bool:
    """Not in every container, even as root."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


@contextlib.contextmanager
def small_disk(place, size: str):
    """Mounted at this folder. Who opened files in it may still have them open at the end."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)
