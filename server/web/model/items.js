// The items of a conversation in their order: messages by id, notices behind the message that they followed.

import { hasName, sameName, withoutName } from './state.js';
import { actionOf, sameDay } from './text.js';

/** Returns the place behind all items of a lower order, so in front of the notices that followed this message. */
function placeOf(items, order) {
  let place = items.length;
  while (place > 0 && items[place - 1].order >= order) place -= 1;
  return place;
}

const at = (items, place, item) => [...items.slice(0, place), item, ...items.slice(place)];
const lastOrder = (items) => (items.length ? items[items.length - 1].order : 0);

/** Returns the place of the message with this id, or -1. */
export const indexOfId = (items, id) => items.findLastIndex((item) => item.kind === 'message' && item.id === id);

/**
 * Inserts a message at the place of its id. A message that is there already takes the newer text.
 * A message to one user has no id when it is sent: the history brings the id with the same nonce.
 */
export function insertMessage(items, message) {
  if (message.id == null) return [...items, { ...message, order: lastOrder(items) }];
  const present = indexOfId(items, message.id);
  if (present >= 0) {
    const old = items[present];
    if (old.deleted || (old.text === message.text && old.edited === message.edited)) return items;
    return items.with(present, { ...old, text: message.text, edited: message.edited });
  }
  const unnumbered = message.nonce
    ? items.filter((item) => item.kind !== 'message' || item.id != null || item.nonce !== message.nonce)
    : items;
  const item = { ...message, order: message.id };
  return at(unnumbered, placeOf(unnumbered, message.id), item);
}

/** Replaces the text of a message. */
export function editMessage(items, id, text) {
  const place = indexOfId(items, id);
  if (place < 0 || items[place].deleted) return items;
  return items.with(place, { ...items[place], text, edited: true });
}

/** Authors change and take back their messages for this time, in milliseconds. */
export const OWN_MS = 10 * 60_000;
/** Returns the message that the reader can edit: the newest own one of a room, for some minutes. */
export function editable(conversation, now) {
  const own = conversation.kind === 'room' ? conversation.items.findLast((item) => item.kind === 'message' && item.mine && !item.deleted) : null;
  return own?.id && now - own.at < OWN_MS ? own : null;
}

/** Empties messages and remembers the user who removed them. */
export function deleteMessages(items, ids, by) {
  const gone = new Set(ids);
  const holds = (item) => item.kind === 'message' && gone.has(item.id) && !item.deleted;
  return items.some(holds) ? items.map((item) => (holds(item) ? { ...item, text: '', deleted: by } : item)) : items;
}

/** Adds a notice behind the last item. */
export const addNotice = (items, notice) => [...items, { kind: 'notice', ...notice, order: lastOrder(items) }];

/**
 * Adds users who came or left to the presence item at the end, or begins one. A user who came and left cancels out.
 * @param {{joined?: string[], left?: string[], moreJoined?: number, moreLeft?: number, at: number}} change
 */
export function addPresence(items, change) {
  const last = items[items.length - 1];
  const merges = last?.kind === 'presence';
  const base = merges ? last : { kind: 'presence', key: `p${change.at}-${items.length}`, joined: [], left: [], moreJoined: 0, moreLeft: 0 };
  let { joined, left } = base;
  const cancelOr = (from, to, user) => (from.includes(user) ? [from.filter((name) => name !== user), to] : [from, [...to.filter((name) => name !== user), user]]);
  for (const user of change.joined ?? []) [left, joined] = cancelOr(left, joined, user);
  for (const user of change.left ?? []) [joined, left] = cancelOr(joined, left, user);
  const item = {
    ...base, joined, left, at: change.at, order: lastOrder(items),
    moreJoined: base.moreJoined + (change.moreJoined ?? 0), moreLeft: base.moreLeft + (change.moreLeft ?? 0),
  };
  const before = merges ? items.slice(0, -1) : items;
  const isEmpty = !joined.length && !left.length && !item.moreJoined && !item.moreLeft;
  return isEmpty ? before : [...before, item];
}

/** Causes that tell that a user was taken out, in place of the line that the user left. */
const TAKEN_OUT = new Set(['user_kicked', 'user_banned', 'user_expelled']);
/** Time between both events, in milliseconds. */
const TAKEN_OUT_MS = 5000;

/** Tells whether one of the last items says that a user was taken out just now. */
export const isTakenOut = (items, user, at) =>
  items.slice(-3).some(({ kind, event }) => kind === 'notice' && TAKEN_OUT.has(event.cause) && sameName(event.user, user) && at - event.at < TAKEN_OUT_MS);

/** Takes a user who was taken out off the presence item at the end: the notice says it. */
export function withoutLeft(items, event) {
  const last = items[items.length - 1];
  if (!TAKEN_OUT.has(event.cause) || last?.kind !== 'presence' || !hasName(last.left, event.user)) return items;
  const left = withoutName(last.left, event.user);
  const isEmpty = !left.length && !last.joined.length && !last.moreJoined && !last.moreLeft;
  return isEmpty ? items.slice(0, -1) : items.with(-1, { ...last, left });
}

/** Gives the messages of a user who took another name the new name. */
export function renameUser(items, from, to) {
  const holds = (item) => item.kind === 'message' && item.user === from;
  return items.some(holds) ? items.map((item) => (holds(item) ? { ...item, user: to } : item)) : items;
}

const ids = (items) => items.filter((item) => item.kind === 'message' && item.id != null);
export const firstId = (items) => ids(items)[0]?.id ?? null;
export const lastId = (items) => ids(items).at(-1)?.id ?? null;

// The rows of the list: what the items of a conversation look like in order. A row keeps its key while it lasts.

/** A group of lines by one user ends after this time, in milliseconds. */
const GROUP_MS = 5 * 60_000;
/** Most lines below the first one of a group. */
const GROUP_LINES = 10;

const keyOf = (item) => (item.kind !== 'message' ? item.key : item.id == null ? 'o' + item.nonce : 'm' + item.id);

/**
 * @param {object} conversation
 * @param {object[]} queue the unsent messages of all conversations
 * @returns {object[]} rows of type `day`, `new`, `message`, `presence`, `notice` and `unsent`
 */
export function rowsOf(conversation, queue) {
  const rows = [];
  let group = null;
  let lastAt = NaN;
  let showsNew = false;
  for (const item of conversation.items) {
    if (item.at != null && !sameDay(lastAt, item.at)) {
      const key = 'd' + new Date(item.at).toDateString();
      if (!rows.some((row) => row.key === key)) rows.push({ type: 'day', key, at: item.at });
      group = null;
    }
    lastAt = item.at ?? lastAt;
    if (!showsNew && isNew(conversation, item)) {
      rows.push({ type: 'new', key: 'new' });
      showsNew = true;
      group = null;
    }
    if (item.kind !== 'message') {
      rows.push({ type: item.kind, key: keyOf(item), item });
      group = null;
      continue;
    }
    const goes = group && group.user === item.user && item.at - group.at < GROUP_MS && group.lines < GROUP_LINES;
    if (goes) group.lines += 1;
    else group = { user: item.user, at: item.at, lines: 0 };
    rows.push({ type: 'message', key: keyOf(item), item, head: !goes });
    // An action has no line with its author above it, so the next message must not stand below it without one.
    if (actionOf(item.text) !== null) group = null;
  }
  for (const unsent of queue) {
    if (unsent.to === conversation.key) rows.push({ type: 'unsent', key: 'u' + unsent.nonce, item: unsent });
  }
  return rows;
}

const isNew = (conversation, item) =>
  conversation.newFrom != null && item.kind === 'message' && item.id >= conversation.newFrom;

/** Tells whether two rows with one key look the same. */
export const sameRow = (a, b) => a.type === b.type && a.item === b.item && a.head === b.head;
