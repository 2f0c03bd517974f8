"""What leaves the box: topics and payloads, the link to the MQTT broker, and the publisher that feeds it.

`topics` and `payloads` are pure and say what a message looks like. `publisher` decides what is sent and when: states only in
their latest version, alerts all of them and in order. It speaks to a `Link` and an `AlertQueue` (`contract`), so that a fake can
stand in for the broker and a durable outbox for the queue in memory. `lasting` keeps a connection up; `link` is one connection,
and the only place that knows paho. `broker` is a small broker of our own for trying out.

This room must not know cameras, models, rules or the database: it is handed values and tells them on.
"""
