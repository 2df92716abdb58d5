// The state of the page: one value, changed only by `update`. A transaction `t` holds the new state and the effects to run.

/**
 * @typedef {object} Conversation
 * @property {string} key `ops`, `@bob` or `*`: also the hash of its address
 * @property {'room'|'user'|'all'} kind
 * @property {string} name
 * @property {boolean} member the server sends its messages
 * @property {object[]} items what the list shows: see items.js
 * @property {boolean} atEnd the items reach to the newest message
 * @property {boolean} oldest the items begin at the first message
 * @property {string|null} loading the history request under way
 * @property {number} latest the highest id received
 * @property {number|null} gap the id behind which messages may be missing
 * @property {number|null} read the last id that the user saw
 * @property {number} unread
 * @property {number} mentions
 * @property {number|null} newFrom the id above which the list shows "New"
 * @property {boolean} following the list stands at its end
 * @property {string[]|null} people
 * @property {object|null} rules
 * @property {object|null} removed why the user is no longer in the room
 */

/** Most items of a conversation, and so most messages in the document. */
export const MOST_ITEMS = 1000;
/** Key of the conversation with all users. */
export const EVERYONE = '*';

export const roomKey = (room) => room.toLowerCase();
export const userKey = (user) => '@' + user.toLowerCase();
export const sameName = (a, b) => a.toLowerCase() === b.toLowerCase();

/** Tells what a key names: `{kind, name}`. */
export function readKey(key) {
  if (key === EVERYONE) return { kind: 'all', name: 'all' };
  return key.startsWith('@') ? { kind: 'user', name: key.slice(1) } : { kind: 'room', name: key };
}

/** @returns {Conversation} */
export function newConversation(key, name) {
  const { kind } = readKey(key);
  return {
    key, kind, name, member: kind !== 'room', items: [], atEnd: true, oldest: false, loading: null, latest: 0, gap: null,
    read: null, unread: 0, mentions: 0, newFrom: null, following: true, people: null, rules: null, removed: null,
  };
}

/**
 * @param {{prefix: string, name?: string, current?: string, queue?: object[], drafts?: object, reads?: object,
 *   token?: string, seq?: number}} start `prefix` makes the labels of this page unlike those of an earlier page
 */
export function newState(start) {
  return {
    phase: 'out', me: start.name ?? '', account: false, encrypted: false, problem: null, ended: null,
    link: 'down', lostAt: null, token: start.token ?? null, seq: start.seq ?? 0, credentials: null,
    prefix: start.prefix, labels: 0, requests: {}, queue: start.queue ?? [], busyUntil: 0,
    conversations: {}, current: start.current ?? 'lobby', drafts: start.drafts ?? {}, reads: start.reads ?? {},
    users: null, rooms: null, blocked: [], search: null, profile: null, privates: {}, seen: true,
  };
}

export const begin = (state) => ({ state: { ...state }, effects: [] });
export const effect = (t, value) => void t.effects.push(value);

/** Changes fields of the conversation with this key, if there is one. */
export function patch(t, key, fields) {
  const conversation = t.state.conversations[key];
  if (conversation) {
    t.state.conversations = { ...t.state.conversations, [key]: { ...conversation, ...fields } };
  }
}

/** Returns the conversation with this key, and opens it first if there is none. */
export function ensure(t, key, name = readKey(key).name) {
  if (!t.state.conversations[key]) {
    const conversation = newConversation(key, name);
    conversation.read = t.state.reads[key] ?? null;
    t.state.conversations = { ...t.state.conversations, [key]: conversation };
  }
  return t.state.conversations[key];
}

/** Removes a conversation from the list. */
export function drop(t, key) {
  const { [key]: _, ...rest } = t.state.conversations;
  t.state.conversations = rest;
}

/** The field that names a conversation in a command object. */
export const target = (conversation) =>
  conversation.kind === 'user' ? { with: conversation.name } : { room: conversation.name };

export const isMe = (state, user) => sameName(state.me, user);
export const isAttentive = (state, conversation) =>
  state.seen && state.current === conversation.key && conversation.following && conversation.atEnd;
