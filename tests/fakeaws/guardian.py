"""The process that cleans up after fakeaws, however that ended.

It holds the reading end of a pipe whose writing end only fakeaws has. At its end it kills whatever has the mark of
that fakeaws in its environment, until nothing has.
"""

import os
import signal
import time


def start(mark):
    """Forks the guardian; call before any thread is started. Gives (pid, descriptor to close at the end)."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(reading)
        return pid, writing
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.close(writing)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    while os.read(reading, 1):
        pass
    deadline = time.monotonic() + 10
    clean = 0
    while clean < 2 and time.monotonic() < deadline:  # twice: one may have been between fork and exec
        clean = 0 if kill_marked(mark) else clean + 1
        time.sleep(0.01)
    os._exit(0)


def kill_marked(mark):
    """SIGKILL to every process whose environment has a variable that begins so; how many there were."""
    mark, found = mark.encode(), 0
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as f:
                environment = b"\0" + f.read()
            if b"\0" + mark in environment:
                os.kill(int(name), signal.SIGKILL)
                found += 1
        except OSError:
            continue
    return found
