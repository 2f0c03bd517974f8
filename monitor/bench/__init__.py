"""Measuring this box: what a look costs in every engine and precision at hand, beside the plain pipeline that tutorials build.

Each measurement runs in a process of its own (`child.py`), so that none profits from what another has loaded and each has a peak of memory
to itself. Times are medians. What is measured is what the daemon runs; nothing here decides anything but `findings.py`.
"""
