"""What happens later: one thread runs all of it, in the order of its time.

Processes are started here too, since PR_SET_PDEATHSIG speaks of the thread that started them.
"""

import heapq
import itertools
import sys
import threading
import time
import traceback


class Scheduler:
    def __init__(self):
        self._queue = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        threading.Thread(target=self._run, name="scheduler", daemon=True).start()

    def after(self, seconds, function, *arguments):
        with self._wake:
            heapq.heappush(self._queue, (time.monotonic() + seconds, next(self._order), function, arguments))
            self._wake.notify()

    def _run(self):
        while True:
            with self._wake:
                while not self._queue or self._queue[0][0] > time.monotonic():
                    self._wake.wait(self._queue[0][0] - time.monotonic() if self._queue else None)
                _, _, function, arguments = heapq.heappop(self._queue)
            try:
                function(*arguments)
            except Exception:  # the others' turn comes all the same
                traceback.print_exc(file=sys.stderr)
