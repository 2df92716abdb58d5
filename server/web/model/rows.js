// The rows of the list: what the items of a conversation look like in order. A row keeps its key while it lasts.

import { sameDay } from './time.js';

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
  let lastAt = null;
  let showsNew = false;
  for (const item of conversation.items) {
    if (item.at != null && (lastAt == null || !sameDay(lastAt, item.at))) {
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
