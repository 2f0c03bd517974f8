"""Checking a box: is everything there that the daemon needs, and what is to be done if not?

One small module a check: it looks, judges, and yields findings. Nothing here changes the box, disturbs a daemon that runs beside it, or
tells a secret. `examination.py` has the list.
"""
