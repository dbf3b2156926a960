"""A container that is a process: started, its output read line by line, ended with all that it started.

PR_SET_PDEATHSIG (by setpriv) ends the process with fakeaws; the guardian finds what the process has started itself, by
the variable FAKEAWS_CONTAINER in its environment.
"""

import itertools
import os
import shutil
import signal
import subprocess
import threading

from .guardian import kill_marked

MARK = "FAKEAWS_CONTAINER"
_numbers = itertools.count(1)


class Process:
    """on_line(text) and on_end(exit code) are called from threads of its own. OSError when it cannot be started."""

    def __init__(self, command, environment, nonce, on_line, on_end, cwd):
        if shutil.which(command[0], path=environment["PATH"]) is None:
            raise FileNotFoundError(2, "no such command", command[0])
        self._mark = f"{nonce}.{next(_numbers)}."
        self._on_line, self._on_end = on_line, on_end
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True, cwd=cwd, env={**environment, MARK: self._mark})
        self.pid = self._process.pid
        self._over = False
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        threading.Thread(target=self._wait, daemon=True).start()

    def _read(self):
        with self._process.stdout as output:
            while line := output.readline(1 << 20):
                self._on_line(line.decode("utf-8", "replace").rstrip("\r\n"))

    def _wait(self):
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)  # its group's number stays taken until it is reaped
        self._signal(signal.SIGKILL)
        with self._lock:
            code = self._process.wait()
            self._over = True
        kill_marked(f"{MARK}={self._mark}")
        self._reader.join(5)
        self._on_end(code if code >= 0 else 128 - code)

    def _signal(self, number):
        with self._lock:
            if not self._over:
                try:
                    os.killpg(self.pid, number)
                except ProcessLookupError:
                    pass

    def terminate(self):
        self._signal(signal.SIGTERM)

    def kill(self):
        self._signal(signal.SIGKILL)
