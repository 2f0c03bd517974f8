"""What stays on disk: the SQLite history, the plain detection log and the pictures of alerts.

The only room that touches SQLite. It is given finished values and writes them; it does not judge what deserves to be recorded,
and knows neither cameras, models nor MQTT. Everything that writes is used by one thread at a time.
"""
