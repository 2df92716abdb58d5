// Earlier messages: pages of the history, catching up after a lost connection, and jumps to one message.
// The items of a conversation are one window without holes; `gap` is the id up to which nothing is missing.

import { firstId, insertMessage, lastId } from './items.js';
import { request } from './sending.js';
import { ensure, isAttentive, isFull, isMe, mapOf, MOST_ITEMS, patch, target, trim } from './state.js';
import { mentions } from './text.js';

const PAGE = 50;

function ask(t, conversation, mode, range) {
  const about = { kind: 'history', key: conversation.key, mode, window: conversation.window };
  const label = request(t, { type: 'history', ...target(conversation), ...range }, about);
  if (label && mode !== 'gap') patch(t, conversation.key, { loading: mode });
}

/** Fills an empty conversation with its newest messages. */
export function loadLast(t, key) {
  const conversation = t.state.conversations[key];
  if (!conversation || conversation.loading) return;
  ask(t, conversation, 'last', { last: PAGE });
}

/** Fills a conversation that the user looks at, unless it is filled. */
export function loadFirst(t, key) {
  const conversation = t.state.conversations[key];
  if (!conversation.items.length && conversation.atEnd && !conversation.oldest) loadLast(t, key);
}

/** Asks for the page in front of the first message. */
export function loadOlder(t, key) {
  const conversation = t.state.conversations[key];
  if (!conversation || conversation.loading || conversation.oldest) return;
  const first = firstId(conversation.items);
  if (first == null) loadLast(t, key);
  else ask(t, conversation, 'older', { before: first });
}

/** Asks for the page behind the last message, if the window does not reach the end. */
export function loadNewer(t, key) {
  const conversation = t.state.conversations[key];
  if (!conversation || conversation.loading || conversation.atEnd) return;
  ask(t, conversation, 'newer', { after: lastId(conversation.items) ?? 1 });
}

/** An empty window. Pages that were asked for the last one no longer count. */
const newWindow = (conversation) => ({ items: [], oldest: false, loading: null, window: conversation.window + 1 });
export const isStale = (about, conversation) => !conversation || (about.mode !== 'gap' && about.window !== conversation.window);

/** Opens a new window around one message. */
export function jumpTo(t, key, id) {
  const conversation = ensure(t, key);
  patch(t, key, { ...newWindow(conversation), atEnd: false, following: false, jump: id });
  ask(t, t.state.conversations[key], 'around', { before: id + 1 });
}

/** Returns to the newest messages. */
export function jumpToEnd(t, key) {
  const conversation = t.state.conversations[key];
  if (!conversation || conversation.atEnd) return;
  patch(t, key, { ...newWindow(conversation), atEnd: true, following: true, jump: null });
  loadLast(t, key);
}

/** The connection is lost: messages behind the last complete one may be missing. */
export function openGaps(t) {
  for (const [key, conversation] of Object.entries(t.state.conversations)) {
    patch(t, key, { gap: conversation.gap ?? (conversation.latest || null) });
  }
}

/** The rooms with the last id received there, for a sign-in. */
export function resumePoints(state) {
  const rooms = mapOf();
  for (const conversation of Object.values(state.conversations)) {
    if (conversation.kind === 'user' || !conversation.member) continue;
    rooms[conversation.name] = conversation.gap ?? (conversation.latest || null);
  }
  return rooms;
}

/** Takes a message that was said just now, or missed while there was no connection. */
export function addLive(t, key, message, counts = true) {
  const conversation = ensure(t, key);
  const isNew = message.id == null || message.id > conversation.latest;
  const fields = { latest: Math.max(conversation.latest, message.id ?? 0) };
  if (conversation.atEnd && !isFull(conversation)) {
    Object.assign(fields, trim(conversation, insertMessage(conversation.items, message), false));
  } else if (isNew) {
    fields.atEnd = false;
  }
  patch(t, key, fields);
  if (isNew && counts) count(t, key, message);
}

/** Counts a message as unread, or as read where the user looks at it. */
function count(t, key, message) {
  const conversation = t.state.conversations[key];
  if (isMe(t.state, message.user)) {
    markRead(t, key);
    patch(t, key, { newFrom: null });
  } else if (isAttentive(t.state, conversation)) {
    patch(t, key, { read: conversation.latest });
  } else {
    const isMention = conversation.kind === 'user' || mentions(message.text, t.state.me);
    patch(t, key, {
      unread: conversation.unread + 1, mentions: conversation.mentions + (isMention ? 1 : 0),
      newFrom: conversation.unread ? conversation.newFrom : message.id,
    });
  }
}

/** The user has seen everything in a conversation. The "New" line stays until the user leaves it. */
export function markRead(t, key) {
  const conversation = t.state.conversations[key];
  if (conversation) patch(t, key, { unread: 0, mentions: 0, read: Math.max(conversation.latest, conversation.read ?? 0) });
}

/** Takes a message of an answer to `history` for the window of a conversation. */
export function addPage(t, about, message) {
  const conversation = t.state.conversations[about.key];
  if (isStale(about, conversation)) return;
  if (about.mode === 'gap') {
    addLive(t, about.key, message);
    patch(t, about.key, { gap: message.id });
  } else {
    const latest = about.mode === 'last' ? Math.max(conversation.latest, message.id) : conversation.latest;
    patch(t, about.key, { latest, items: insertMessage(conversation.items, message) });
  }
}

/** Ends a page: goes on where more is wanted, and trims the window. */
export function endPage(t, about, hasMore) {
  const conversation = t.state.conversations[about.key];
  if (isStale(about, conversation)) return;
  if (about.mode === 'gap') {
    if (hasMore) ask(t, conversation, 'gap', { after: conversation.gap });
    else patch(t, about.key, { gap: null });
    return;
  }
  const fields = { loading: null };
  if (about.mode === 'newer') Object.assign(fields, { atEnd: !hasMore }, trim(conversation, conversation.items, false));
  else Object.assign(fields, { oldest: !hasMore }, trim(conversation, conversation.items, true));
  patch(t, about.key, fields);
  if (about.mode === 'around') loadNewer(t, about.key);
  if (about.mode === 'last' && isAttentive(t.state, t.state.conversations[about.key])) markRead(t, about.key);
}

/** Takes a message that the server sends behind a sign-in. It counts when the room is caught up. */
export function addMissed(t, key, message) {
  const known = ensure(t, key);
  addLive(t, key, message, known.gap != null);
  patch(t, key, { gap: known.gap == null ? null : Math.max(known.gap, message.id) });
}

/** The server has sent what was missed in a room: asks for the rest, or closes the gap. */
export function caughtUp(t, key, answer) {
  const conversation = ensure(t, key);
  if (answer.more) {
    ask(t, conversation, 'gap', { after: conversation.gap ?? conversation.latest });
    return;
  }
  const firstVisit = conversation.gap == null;
  patch(t, key, { gap: null, caughtUp: true });
  if (firstVisit) countFrom(t, key, conversation.read ?? (answer.missed ? 0 : conversation.latest));
}

/** Counts the messages behind an id as unread: those of a first page. */
function countFrom(t, key, read) {
  const { items, latest, kind } = t.state.conversations[key];
  const fresh = items.filter((item) => item.kind === 'message' && item.id > read && !item.mine);
  const named = fresh.filter((item) => kind === 'user' || mentions(item.text, t.state.me));
  patch(t, key, { unread: fresh.length, mentions: named.length, newFrom: fresh[0]?.id ?? null, read: fresh.length ? read : Math.max(read, latest) });
  if (isAttentive(t.state, t.state.conversations[key])) markRead(t, key);
}
