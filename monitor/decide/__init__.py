"""Scores in, news out: the judgement of the daemon.

`rule` says what is asked for, `machine` is one rule in one zone (ON, OFF or unknown), `episode` is what it publishes, `restart`
what becomes of episodes found open, `presence` whether the camera is there; `decider` bundles them for one camera. `sightings`
joins what the model saw into rows for the history. Everything here is told the time and the scores and answers with values of
`monitor.values`; it must not know of models, pictures, threads, clocks, files or brokers. One camera's judgement never depends on
another's, and replaying the same looks gives the same news.
"""
