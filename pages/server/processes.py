"""One process a core, behind one port.

Python runs one thread at a time, so a second core needs a second process. A visitor's session and files live
in the memory of one of them. The process that listens looks at the head of what each connection sends without
taking it, and hands the connection over: to the process that the browser's cookie names, else to the one with
the fewest visitors. From then on the two speak to each other alone.
"""

import errno
import logging
import multiprocessing
import re
import selectors
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from pages.server.seats import Seats

#: The cookie that says which process a browser belongs to.
COOKIE = "init-lab-process"
#: Seconds for the head of a request, and until one that is not whole is looked at again, first and at most.
HEAD, SOON, LATER = 10.0, 0.005, 0.5
#: Seconds for which a newcomer counts as a visitor that will be.
SETTLED = 5.0
#: Seconds between two starts of one process, and for one that stops.
PAUSE, STOP = 1.0, 10.0
#: Bytes of a head.
LONGEST = 1 << 15

_LOG = logging.getLogger("init_lab")
_COOKIE = rb"^cookie:[^\r\n]*?\b" + COOKIE.encode() + rb"=(\d{1,4})\b"
_NAMED = re.compile(_COOKIE, re.IGNORECASE | re.MULTILINE)


class Worker:
    """A process that answers, as the one that listens sees it."""

    def __init__(self, process: Any, channel: socket.socket) -> None:
        self.process, self.channel = process, channel
        self.began, self.is_ready = monotonic(), False
        #: Handed over, and not yet taken: still unread, should the process die.
        self.handed: deque[socket.socket] = deque()
        self._newcomers: deque[float] = deque()

    def expected(self) -> int:
        """Return how many were handed over that may not have taken their seats yet."""
        while self._newcomers and self._newcomers[0] < monotonic() - SETTLED:
            self._newcomers.popleft()
        return len(self._newcomers)

    def hand(self, connection: socket.socket, *, is_new: bool) -> bool:
        """Hand a connection over; tell whether that could be done."""
        try:
            socket.send_fds(self.channel, [b"+"], [connection.fileno()])
        except OSError:  # it is gone, or has not looked for long
            return False
        self.handed.append(connection)
        if is_new:
            self._newcomers.append(monotonic())
        return True

    def hear(self) -> bool:
        """Hear that it is ready, or has taken what was handed over; tell whether it lives."""
        try:
            said = len(self.channel.recv(1 << 12))
        except ConnectionError:
            said = 0
        for _ in range(said - (not self.is_ready)):
            self.handed.popleft().close()
        self.is_ready = self.is_ready or said > 0
        return said > 0


class Unread:
    """A connection whose first head is not whole yet."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.ends = monotonic() + HEAD
        self.looks, self.pause = monotonic(), SOON

    def head(self) -> bytes | None:
        """Return the head once it is whole, or what is no head at all; None before that.

        Raises:
            OSError: if nothing will come any more.
        """
        try:
            said = self.connection.recv(LONGEST, socket.MSG_PEEK)
        except BlockingIOError:
            return None
        if not said:
            raise ConnectionResetError
        head, whole, _ = said.partition(b"\r\n\r\n")
        return head if whole or len(said) >= LONGEST or not said[:1].isupper() else None


class Processes:
    """Starts the processes, hands connections over to them, and starts anew whichever dies.

    ``serve(channel)`` is what each does, in a process of its own, and ``beside(channel)`` what one does to
    which no connection is handed. Both end when nobody holds the channel's other end.
    """

    def __init__(
        self,
        serve: Callable[[socket.socket], None],
        seats: Seats,
        *,
        most: int,
        beside: Callable[[socket.socket], None],
    ) -> None:
        self._serve, self._beside, self._seats, self._most = serve, beside, seats, most
        self._context = multiprocessing.get_context("fork")
        self._selector = selectors.DefaultSelector()
        self._workers: dict[int, Worker] = {}
        #: what is to be started anew, and when
        self._again: list[tuple[float, Callable[[], None]]] = []
        self._unread: dict[socket.socket, Unread] = {}
        self._resting: dict[socket.socket, Unread] = {}
        self._stopped_by, self._is_open = 0, False
        self._listening: Any = None

    def run(self, listening: socket.socket, ready: Callable[[], None]) -> int:
        """Serve until a signal says otherwise; return which.

        Raises:
            RuntimeError: if a process ends before it was ready for the first time.
        """
        self._hear_signals()
        self._listening = listening
        for process in range(self._seats.processes):
            self._start(process)
        self._start_beside()
        while not self._stopped_by:
            for key, _ in self._selector.select(self._patience()):
                key.data()
            if not self._is_open and all(worker.is_ready for worker in self._workers.values()):
                self._open(listening)
                ready()
            self._look_again()
            self._revive()
        _LOG.info("Stopping.")
        listening.close()
        self._stop()
        return self._stopped_by

    def _open(self, listening: socket.socket) -> None:
        listening.listen(2048)
        listening.settimeout(0)
        self._selector.register(listening, selectors.EVENT_READ, lambda: self._accept(listening))
        self._is_open = True

    def _start(self, process: int) -> None:
        def serve(channel: socket.socket) -> None:
            self._seats.process = process
            self._serve(channel)

        child, ours = self._forked(serve)
        worker = self._workers[process] = Worker(child, ours)
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._hear(process, worker))

    def _start_beside(self) -> None:
        child, ours = self._forked(self._beside)
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._ended_beside(child, ours))

    def _forked(self, serve: Callable[[socket.socket], None]) -> tuple[Any, socket.socket]:
        """Return a new process that serves, and a channel to it."""
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        child = self._context.Process(target=self._work, args=(serve, ours, theirs), daemon=True)
        child.start()
        theirs.close()
        return child, ours

    def _work(
        self, serve: Callable[[socket.socket], None], ours: socket.socket, theirs: socket.socket
    ) -> None:
        """Serve, in the new process, which keeps nothing open of the one that listens."""
        signal.set_wakeup_fd(-1)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_DFL)
        # A terminal that closes says so to all; whoever listens then says when to stop.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with suppress(OSError):  # where memory is short, one of these goes and not the one that starts them
            Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
        ours.close()
        # with the port, which would be taken for as long as a process lives
        known = [self._listening, *(key.fileobj for key in self._selector.get_map().values())]
        for worker in self._workers.values():
            known += worker.handed
        for kept in (*known, *self._resting, self._selector):
            kept.close()
        serve(theirs)

    def _hear(self, process: int, worker: Worker) -> None:
        """Note what a process says; one that has ended is to be followed by another."""
        if worker.hear():
            return
        if not self._is_open:
            raise RuntimeError("a process of the server ended before it was ready")
        self._selector.unregister(worker.channel)
        worker.channel.close()
        worker.process.join(STOP)
        del self._workers[process]
        self._again.append((max(worker.began + PAUSE, monotonic()), partial(self._start, process)))
        self._seats.clear(process)
        _LOG.error("A process ended with status %s; another takes its place.", worker.process.exitcode)
        for connection in worker.handed:
            self._look(Unread(connection))

    def _ended_beside(self, child: Any, channel: socket.socket) -> None:
        """Note that the process beside the others, which never says a word, has ended."""
        self._selector.unregister(channel)
        channel.close()
        child.join(STOP)
        self._again.append((monotonic() + PAUSE, self._start_beside))
        _LOG.error("The process beside ended with status %s; another takes its place.", child.exitcode)

    def _revive(self) -> None:
        now, waiting = monotonic(), self._again
        self._again = [(due, start) for due, start in waiting if due > now]
        for due, start in waiting:
            if due <= now:
                start()

    def _stop(self) -> None:
        for connection in [*self._unread, *self._resting]:
            connection.close()
        for worker in self._workers.values():
            worker.process.terminate()
        ends = monotonic() + STOP
        for worker in self._workers.values():
            worker.process.join(max(0.1, ends - monotonic()))
            worker.process.kill()

    def _hear_signals(self) -> None:
        ear, mouth = socket.socketpair()
        mouth.settimeout(0)
        ear.settimeout(0)
        signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
        self._mouth = mouth
        self._selector.register(ear, selectors.EVENT_READ, lambda: ear.recv(64))
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, self._told_to_stop)

    def _told_to_stop(self, number: int, _: object) -> None:
        self._stopped_by = number

    def _accept(self, listening: socket.socket) -> None:
        if len(self._unread) + len(self._resting) >= self._most:
            self._drop(next(iter([*self._unread, *self._resting])))
        try:
            connection, _ = listening.accept()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:  # it would be tried again at once
                sleep(SOON)
            return
        connection.settimeout(0)
        unread = self._unread[connection] = Unread(connection)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._look(unread))

    def _drop(self, connection: socket.socket) -> None:
        if self._unread.pop(connection, None):
            self._selector.unregister(connection)
        self._resting.pop(connection, None)
        connection.close()

    def _look(self, unread: Unread) -> None:
        """Hand a connection over if its head is whole; else let it rest a little, for it stays readable."""
        connection = unread.connection
        if self._unread.pop(connection, None):
            self._selector.unregister(connection)
        self._resting.pop(connection, None)
        try:
            head = unread.head()
        except OSError:
            connection.close()
            return
        if head is not None:
            if not self._hand(connection, head):
                connection.close()
        else:
            unread.looks, unread.pause = monotonic() + unread.pause, min(2 * unread.pause, LATER)
            self._resting[connection] = unread

    def _hand(self, connection: socket.socket, head: bytes) -> bool:
        named = _NAMED.search(head)
        chosen = self._workers.get(int(named[1])) if named else None
        if chosen and chosen.is_ready and chosen.hand(connection, is_new=False):
            return True
        return any(worker.hand(connection, is_new=True) for worker in self._by_room())

    def _by_room(self) -> Iterable[Worker]:
        ready = [(k, worker) for k, worker in self._workers.items() if worker.is_ready]
        load = {k: self._seats.taken(k) + worker.expected() for k, worker in ready}
        return [worker for k, worker in sorted(ready, key=lambda pair: load[pair[0]])]

    def _look_again(self) -> None:
        now = monotonic()
        for unread in [one for one in self._resting.values() if one.looks <= now]:
            self._look(unread)
        for waiting in (self._unread, self._resting):
            for connection in [connection for connection, one in waiting.items() if one.ends <= now]:
                self._drop(connection)

    def _patience(self) -> float:
        """Return the seconds until something is to be done though nothing was heard."""
        if self._resting:
            return max(0.0, min(unread.looks for unread in self._resting.values()) - monotonic())
        return 1.0
