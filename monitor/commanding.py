"""Doing what MQTT commands ask. Runs on the publisher's thread: nothing here waits, what takes time is left to whoever does it.

What changes a camera goes to the classify thread as an errand; what is to last goes into the inbox of the record thread; what concerns
the process goes to the main thread. A command that cannot be obeyed changes nothing and is answered with what is wrong with it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from monitor.errands import Classification, Classify, Photograph, SetDetect, SetThreshold
from monitor.observe.logs import set_level
from monitor.publish import commands, payloads
from monitor.publish.commands import CommandError, CommandReader
from monitor.publish.contract import Received
from monitor.publish.voice import Voice
from monitor.runtime.signals import Request
from monitor.values import Image
from monitor.workers import Lane

log = logging.getLogger(__name__)
