"""Cameras: from what the configuration calls `source` to frames in a mailbox.

`source` understands the words, `opencv` opens and reads, `diagnose` finds out in words why that failed, and `capture` is the loop of
one camera: open, grab, hand over the newest, and come back after a loss. The room knows nothing of zones, rules, models or brokers;
it gives frames and says how the camera is.
"""
