"""Life as a process: threads, signals and systemd.

The room turns work into threads that can be stopped, joined and restarted, tells systemd how the daemon is, and makes signals into
requests for the main loop. It must not know what any of the work is for.
"""
