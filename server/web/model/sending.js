// Command objects under way. Every object has a label of its own; a dropped one is sent again when the server says.

import { insertMessage } from './items.js';
import { effect, ensure, EVERYONE, mapOf, patch, readKey, withKey, withoutKey } from './state.js';

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
  t.state.requests = withKey(t.state.requests, label, { ...about, object: { ...object, label } });
  effect(t, { type: 'send', object: { ...object, label } });
  return label;
}

/** Asks again in a moment, since the server dropped the object by a limit of speed. */
export function postpone(t, label, retryMs) {
  effect(t, { type: 'timer', ms: retryMs, event: { type: 'retry', label } });
}

/** Sends a postponed object again. */
export function retry(t, label) {
  const pending = t.state.requests[label];
  if (pending && t.state.link === 'up') effect(t, { type: 'send', object: pending.object });
}

export function finish(t, label) {
  t.state.requests = withoutKey(t.state.requests, label);
}

/** Forgets the requests of a lost connection, and that lists were on their way. */
export function forgetRequests(t) {
  t.state.requests = mapOf();
  for (const [key, conversation] of Object.entries(t.state.conversations)) {
    if (conversation.loading) patch(t, key, { loading: null });
  }
  if (t.state.search?.busy) t.state.search = { ...t.state.search, busy: false };
}

// Unsent messages. One is under way at a time, so they arrive in the order in which the user wrote them.
// Label and nonce stay with a message, so that sending it again after a lost answer says nothing twice.

/**
 * @typedef {object} Unsent
 * @property {string} label
 * @property {string} nonce
 * @property {string} to key of the conversation
 * @property {string} name
 * @property {string} text
 * @property {number} at
 * @property {'waiting'|'sent'|'failed'} state `sent`: the answer is not here yet
 * @property {object} [reason] the refusal of a failed one
 */

/** Adds a message to the end of the queue. */
export function enqueue(t, key, text, nonce, now, typedName) {
  const { name } = ensure(t, key, typedName);
  t.state.queue = [...t.state.queue, { label: nextLabel(t), nonce, to: key, name, text, at: now, state: 'waiting', ...(t.state.privates[key] === 'open' ? { private: true } : {}) }];
  pump(t);
}

const change = (t, label, fields) => {
  t.state.queue = t.state.queue.map((unsent) => (unsent.label === label ? { ...unsent, ...fields } : unsent));
};
const remove = (t, label) => {
  t.state.queue = t.state.queue.filter((unsent) => unsent.label !== label);
};

function objectOf(unsent) {
  if (unsent.private) return { type: 'private', to: unsent.name, text: unsent.text };
  const { kind } = readKey(unsent.to);
  const address = kind === 'user' ? { type: 'pm', to: unsent.name } : { type: 'say', room: unsent.to === EVERYONE ? 'all' : unsent.name };
  return { ...address, text: unsent.text, nonce: unsent.nonce };
}

/** Sends the first waiting message, unless one is under way. */
export function pump(t) {
  if (t.state.phase !== 'in' || t.state.link !== 'up') return;
  if (t.state.queue.some((unsent) => unsent.state === 'sent')) return;
  const next = t.state.queue.find((unsent) => unsent.state === 'waiting');
  if (!next) return;
  change(t, next.label, { state: 'sent' });
  request(t, objectOf(next), { kind: 'say', label: next.label });
}

/** The connection is lost: whatever was under way waits again. */
export function rewind(t) {
  t.state.queue = t.state.queue.map((unsent) => (unsent.state === 'sent' ? { ...unsent, state: 'waiting' } : unsent));
}

/** Takes the answer to a message: it is said, or refused. */
export function settle(t, label, answer) {
  const unsent = t.state.queue.find((candidate) => candidate.label === label);
  finish(t, label);
  if (!unsent) return;
  if (answer.type === 'error') {
    change(t, label, { state: 'failed', reason: answer });
  } else {
    remove(t, label);
    t.state.away = false;
    if (answer.type === 'ok' || answer.cause === 'queued') showOwn(t, unsent, answer);
  }
  pump(t);
}

/** A message to one user, and a repeated one, come back without their text: show what was sent. */
function showOwn(t, unsent, answer) {
  const conversation = ensure(t, unsent.to, unsent.name);
  if (!conversation.atEnd) return;
  const message = {
    kind: 'message', id: answer.id ?? null, nonce: unsent.nonce, at: answer.at ?? unsent.at, user: t.state.me, text: unsent.text, mine: true,
    ...(unsent.private ? { private: true } : {}),
  };
  patch(t, unsent.to, { items: insertMessage(conversation.items, message) });
}

/** The history has this message of ours: its answer was lost. */
export function settleByNonce(t, nonce) {
  const unsent = nonce && t.state.queue.find((candidate) => candidate.nonce === nonce);
  if (unsent) remove(t, unsent.label);
}

/** Sends a failed message once more, at the end of the queue. */
export function tryAgain(t, label) {
  const unsent = t.state.queue.find((candidate) => candidate.label === label);
  if (unsent?.state !== 'failed') return;
  remove(t, label);
  t.state.queue = [...t.state.queue, { ...unsent, state: 'waiting', reason: undefined }];
  pump(t);
}

/** Throws a message away, unless it is under way. */
export function discard(t, label) {
  t.state.queue = t.state.queue.filter((unsent) => unsent.label !== label || unsent.state === 'sent');
}
