// What outlasts the page: in this browser (`kept`), and in this tab (`session`).

const conversationReads = (state) => {
  const reads = {};
  for (const { key, kind, member, read } of Object.values(state.conversations)) {
    if (member && kind !== 'user') reads[key] = read ?? 0;
  }
  return reads;
};

/** Drafts and unsent messages, of the user who wrote them. */
export const kept = (state) => ({ name: state.me, drafts: state.drafts, queue: state.queue });

/** The session of this tab: null when it has ended. */
export function session(state) {
  if (state.phase === 'out' || state.phase === 'ended') return null;
  const { token, seq, current, credentials } = state;
  const guest = credentials?.kind === 'guest' ? { kind: 'guest', user: state.me, name_token: credentials.name_token, room: credentials.room } : null;
  return token ? { token, seq, current, guest, reads: conversationReads(state) } : null;
}

/**
 * Returns what `newState` takes from both. Unsent messages go on only in the session that wrote them;
 * otherwise the user decides about each.
 */
export function restore(keptBefore, sessionBefore) {
  const queue = (keptBefore?.queue ?? []).map((unsent) => ({
    ...unsent, state: sessionBefore && unsent.state !== 'failed' ? 'waiting' : 'failed',
    reason: unsent.reason ?? { cause: 'left_before' },
  }));
  return {
    name: keptBefore?.name ?? '', drafts: keptBefore?.drafts ?? {}, queue,
    token: sessionBefore?.token, seq: sessionBefore?.seq, reads: sessionBefore?.reads, current: sessionBefore?.current,
    credentials: sessionBefore?.guest ?? null,
  };
}
