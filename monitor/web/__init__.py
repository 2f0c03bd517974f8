"""The page and the API. What they know of the daemon, and may do with it, is `window.Window`."""
