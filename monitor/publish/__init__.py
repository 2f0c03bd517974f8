"""What leaves the box and what is heard from outside: topics and payloads, the link to the MQTT broker, and the publisher that feeds it.

`topics`, `payloads`, `commands` and `discovery/` are pure and say what messages look like. Any thread speaks to `voice`; `publisher`
sends what it has to say, states only in their latest version, and the alerts of an `AlertQueue`, all of them and in order; `hearing`
takes in what the broker tells. Two small judgements stand beside them: `suspects` (which message makes the broker hang up) and `rivals`
(another box on our topic). `lasting` keeps a connection up; `link` is one connection, and the only place that knows paho. `broker` is
one of our own for trying out.

This room must not know cameras, models or the database: it is handed values and tells them on.
"""
