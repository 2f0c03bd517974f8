// Alert messages (start, updates, end) as episodes.

/** Add messages to a map of episodes by id; the later message wins, the earliest picture stays until there is a better one. */
export function gather(episodes, messages) {
  for (const message of messages) {
    const before = episodes.get(message.id);
    if (before && message.seq < before.seq) continue;
    const snapshot = message.snapshot ? snapshotUrl(message.id, message.seq) : (before?.snapshot ?? null);
    episodes.set(message.id, { ...before, ...message, snapshot, ended: message.event_type === "end" });
  }
  return episodes;
}

/** Give them newest first. */
export const newestFirst = (episodes) => [...episodes.values()].sort((a, b) => startOf(b) - startOf(a) || b.id.localeCompare(a.id));

/** When an episode started, in milliseconds. */
export const startOf = (episode) => Date.parse(episode.started_at);

/** When it ended, or was last heard of, in milliseconds. */
export const endOf = (episode) => startOf(episode) + episode.duration * 1000;

// Made of id and number instead of taken from the message: an address is nothing to take from foreign text.
const snapshotUrl = (id, seq) => `/api/alerts/${encodeURIComponent(id)}/${seq}.jpg`;

export const clipUrl = (id) => `/api/alerts/${encodeURIComponent(id)}/clip`;
