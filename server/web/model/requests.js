// Command objects under way. Every object has a label of its own; a dropped one is sent again when the server says.

import { effect, patch } from './state.js';

/** Draws the next label. */
export function nextLabel(t) {
  t.state.labels += 1;
  return `${t.state.prefix}.${t.state.labels}`;
}

/**
 * Sends an object and remembers what its answer is for.
 * @param {object} about `kind` names the row that handles the answer
 * @returns {string|null} the label, or null without a connection
 */
export function request(t, object, about) {
  if (t.state.link !== 'up') return null;
  const label = about.label ?? nextLabel(t);
  t.state.requests = { ...t.state.requests, [label]: { ...about, object: { ...object, label } } };
  effect(t, { type: 'send', object: { ...object, label } });
  return label;
}

/** Asks again in a moment, since the server dropped the object by a limit of speed. */
export function postpone(t, label, retryMs, now) {
  t.state.busyUntil = now + retryMs;
  effect(t, { type: 'timer', ms: retryMs, event: { type: 'retry', label } });
}

/** Sends a postponed object again. */
export function retry(t, label) {
  const pending = t.state.requests[label];
  if (pending && t.state.link === 'up') effect(t, { type: 'send', object: pending.object });
}

export function finish(t, label) {
  const { [label]: _, ...rest } = t.state.requests;
  t.state.requests = rest;
}

/** Forgets the requests of a lost connection, and that lists were on their way. */
export function forgetRequests(t) {
  t.state.requests = {};
  for (const [key, conversation] of Object.entries(t.state.conversations)) {
    if (conversation.loading) patch(t, key, { loading: null });
  }
  if (t.state.search?.busy) t.state.search = { ...t.state.search, busy: false };
}
