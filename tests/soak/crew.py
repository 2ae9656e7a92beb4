"""A crew of forked workers that are killed, stopped and replaced while they work."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from random import Random

import fire
from board import Board

OPERATIONS, REFUSED, FAULTS = range(3)
"""The columns of the tally: a row a worker."""
_STOP = 0
_ENOUGH = 5
"""Losses after which there is nothing more to learn."""


class Crew:
    """``size`` workers. ``work(place, random)`` is one operation of the worker at ``place``; it raises where what it sees
    is wrong, and its process ends with that: the loss is counted here. ``pace`` is the longest pause between two kills,
    in seconds.
    """

    def __init__(self, size: int, seed: str, pace: float, work: Callable[[int, Random], None]) -> None:
        self.tally = Board(size, 3)
        self.kills = 0
        self.losses = 0
        self._size = size
        self._seed = seed
        self._pace = pace
        self._work = work
        self._random = Random(f"{seed} crew")
        self._flags = Board(1)
        self._generation = 0
        self._workers: dict[int, int] = {}

    def run(self, seconds: float) -> None:
        """Let them work for so long, with a kill or a stop every few moments; then wait for each."""
        end = time.monotonic() + seconds
        for place in range(self._size):
            self._hire(place)
        while time.monotonic() < end and self.losses < _ENOUGH:
            time.sleep(self._random.uniform(0.05, 1) * self._pace)
            self._strike()
            self._replace()
        self._flags.put(_STOP, 1)
        for pid in list(self._workers):
            self._buried(pid, fire.join(pid))

    def _hire(self, place: int) -> None:
        self._generation += 1
        random = Random(f"{self._seed} {self._generation}")

        def work() -> None:
            while not self._flags.get(_STOP):
                signal.alarm(fire.LIMIT)
                self._work(place, random)
                self.tally.add(place, OPERATIONS)

        self._workers[fire.fork(work)] = place

    def _strike(self) -> None:
        """Kill a worker wherever it is, or let it stand still for a moment with all that it holds."""
        victim = self._random.choice(list(self._workers))
        if self._random.random() < 0.8:
            os.kill(victim, signal.SIGKILL)
        else:
            os.kill(victim, signal.SIGSTOP)
            time.sleep(self._random.uniform(0.001, 0.05))
            os.kill(victim, signal.SIGCONT)

    def _replace(self) -> None:
        """Put another in the place of each that ended."""
        for pid, place in list(self._workers.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._buried(pid, os.waitstatus_to_exitcode(status))
                self._hire(place)

    def _buried(self, pid: int, status: int) -> None:
        """Count how a worker ended."""
        del self._workers[pid]
        if status == -signal.SIGKILL:
            self.kills += 1
        elif status:
            self.losses += 1
            print(
                f"a worker ended with {status}: " + ("it waited for ever" if status == -signal.SIGALRM else "see above")
            )
