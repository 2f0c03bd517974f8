"""Pictures from elsewhere, to be classified: any thread asks and waits, the classify thread does one between two looks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError

import numpy as np
from numpy.typing import NDArray

from monitor.classify.classifier import Classifier
from monitor.classify.preprocess import Square
from monitor.clock import stopwatch
from monitor.errors import BusyError, ModelFaultError
from monitor.values import Image

ROOM = 4
"""Pictures that may wait."""

PATIENCE = 10.0
"""Seconds that somebody waits for an answer."""

Scores = tuple[NDArray[np.float32], float]
"""Of all labels, and the milliseconds from pixels to scores."""


class Uploads:
    """Those that wait. wake: called for each new one."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Image, Future[Scores]]] = deque()
        self._closed = False

    def ask(self, image: Image) -> Scores:
        """Have a picture classified, as torchvision crops it. Raises BusyError, ModelFaultError. Waits."""
        future: Future[Scores] = Future()
        with self._lock:
            if self._closed or len(self._waiting) >= ROOM:
                raise BusyError("too many pictures wait already; try again in a moment")
            self._waiting.append((image, future))
        self._wake()
        try:
            return future.result(PATIENCE)
        except LateError:
            future.cancel()
            raise BusyError(f"the model had no time for it in {PATIENCE:.0f} s; try again in a moment") from None

    def do_one(self, classifier: Classifier) -> bool:
        """Answer the one that has waited longest; False if none waits. On the classify thread."""
        with self._lock:
            if not self._waiting:
                return False
            image, future = self._waiting.popleft()
        if future.set_running_or_notify_cancel():
            began = stopwatch()
            try:
                (row,) = classifier.classify([Square(image)])
            except ModelFaultError as error:
                future.set_exception(error)
            else:
                future.set_result((row, (stopwatch() - began) * 1000))
        return True

    def give_up(self) -> None:
        """Send everybody away who waits, or comes later: the daemon stops, or begins anew."""
        with self._lock:
            self._closed = True
            left = list(self._waiting)
            self._waiting.clear()
        for _, future in left:
            if future.set_running_or_notify_cancel():
                future.set_exception(BusyError("the daemon stops, or begins anew; try again in a moment"))
