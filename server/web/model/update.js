// The one door to the model: `update(state, event)` returns the new state and the effects to run.
// Effects: `send` (an object), `connect`, `disconnect`, `timer` (an event later), `event` (at once), `heard` (a message).

import { jumpTo, jumpToEnd, loadFirst, loadLast, loadNewer, loadOlder, markRead } from './history.js';
import { showNotice } from './notices.js';
import { receive } from './receive.js';
import { loadPeople, loadRules } from './room.js';
import { discard, enqueue, request, retry, tryAgain } from './sending.js';
import { askToEnter, giveUp, join, lost, opened, reset, signInAgain, takeOver } from './session.js';
import { begin, drop, effect, ensure, isRoomName, patch, readKey, target, withKey } from './state.js';
import { readCommand } from './writing.js';

/** The user turns to the conversation `key`. */
function leaveView(t, key) {
  const old = t.state.conversations[t.state.current];
  if (!old || old.key === key) return;
  if (old.removed?.cause === 'enter') drop(t, old.key);
  else patch(t, old.key, { newFrom: old.unread ? old.newFrom : null, following: old.atEnd });
}

/** Shows a conversation, and enters the room if the user is not in it. */
function open(t, { key, name, door }) {
  const { kind } = readKey(key);
  if (kind === 'room' && !t.state.conversations[key] && !isRoomName(key)) return showNotice(t, t.state.current, { type: 'error', cause: 'room_name_bad', name: name ?? key, at: t.now });
  leaveView(t, key);
  const conversation = ensure(t, key, name);
  t.state.current = key;
  if (kind === 'room' && !conversation.member) {
    enter(t, conversation, door);
  } else {
    loadFirst(t, key);
    if (kind === 'all') request(t, { type: 'users' }, { kind: 'users' });
    if (kind === 'room' && !conversation.people) loadPeople(t, key);
    if (kind === 'room' && (!conversation.rules || conversation.oldRules)) loadRules(t, key);
  }
  if (t.state.seen && conversation.following) markRead(t, key);
  return undefined;
}

function enter(t, conversation, door) {
  patch(t, conversation.key, { removed: null });
  const key = door ? { key: door } : {};
  if (request(t, { type: 'join', room: conversation.name, ...key }, { kind: 'join', key: conversation.key })) loadLast(t, conversation.key);
}

function leave(t, { key }) {
  const conversation = t.state.conversations[key];
  if (conversation?.kind === 'room' && conversation.member) request(t, { type: 'leave', room: conversation.name }, { kind: 'leave', key });
  else {
    drop(t, key);
    if (t.state.current === key) open(t, { key: 'lobby' });
  }
}

/** Sends a command object; its refusal, and the answer to a typed command, show in the conversation `key`. */
function act(t, object, key, kind = 'action') {
  if (!request(t, object, { kind, key })) showNotice(t, key, { type: 'error', cause: 'offline', text: '', at: t.now });
}

/** A form sends an object; the answer shows beside the field of the form. */
function fill(t, { form, object, key = t.state.current }) {
  t.state.answer = null;
  if (!request(t, object, { kind: 'form', form, key })) t.state.answer = { form, event: { type: 'error', cause: 'offline', text: '' } };
}

/** The user wrote something: talk, or a command. */
function submit(t, { key, text, nonce, now }) {
  const conversation = t.state.conversations[key];
  const command = readCommand(text, conversation);
  if (command.say !== undefined) {
    const to = command.to ?? key;
    enqueue(t, to, command.say, nonce, now, command.name);
    // Show the conversation: the user sees there whether the message was sent.
    if (to !== key) open(t, { key: to, name: command.name });
  } else if (command.view) effect(t, { type: 'view', view: command.view, argument: command.argument });
  else if (command.open) open(t, command.open);
  else if (command.object) act(t, command.object, key, 'command');
  else showNotice(t, key, { type: 'error', at: now, ...command.problem });
}

function edit(t, { key, id, text, nonce }) {
  const conversation = t.state.conversations[key];
  act(t, { type: 'edit', ...target(conversation), id, text, nonce }, key);
}

function search(t, { words, more }) {
  const old = t.state.search;
  if (!more) {
    t.state.search = { words, results: [], busy: true, more: false, ended: false, problem: null };
  } else if (!old || old.busy) return;
  else t.state.search = { ...old, busy: true };
  const { results } = t.state.search;
  const before = more && results.length ? { before: results.at(-1).id } : {};
  if (!request(t, { type: 'search', words, ...before }, { kind: 'search' })) t.state.search = { ...t.state.search, busy: false, problem: { cause: 'offline', text: '' } };
}

/** The user looks at the list: where it stands decides what is read. */
function look(t, { seen = t.state.seen, key = t.state.current, atBottom }) {
  t.state.seen = seen;
  const conversation = t.state.conversations[key];
  if (!conversation) return;
  if (atBottom !== undefined && atBottom !== conversation.following) patch(t, key, { following: atBottom });
  const { following, atEnd, unread } = t.state.conversations[key];
  if (seen && key === t.state.current && following && atEnd && unread) markRead(t, key);
}

/**
 * Shows a conversation that an address names. Another page can write the address, so a room is entered by a button. An old
 * refusal does not stay: it may hold no longer.
 */
function lead(t, key, name) {
  const known = t.state.conversations[key];
  if (readKey(key).kind !== 'room' || known?.member) return open(t, { key, name });
  if (key === t.state.current && known?.removed) return undefined;
  leaveView(t, key);
  t.state.current = key;
  return askToEnter(t, name);
}

/** The address has another name than before: the first screen shows it, and the chat opens it. */
function address(t, { name, now }) {
  const problem = { type: 'error', cause: 'address_bad', text: '', at: now };
  if (t.state.phase !== 'in') Object.assign(t.state, name ? { current: name.toLowerCase() } : { problem: name === null ? problem : t.state.problem });
  else if (name) lead(t, name.toLowerCase(), readKey(name).name);
  else if (name === null) showNotice(t, t.state.current, problem);
}

const EVENTS = {
  received: (t, event) => receive(t, event.object),
  opened: (t) => opened(t),
  lost: (t, event) => lost(t, event.since ?? event.now),
  retry: (t, event) => retry(t, event.label),
  'sign-in': (t) => signInAgain(t),
  refresh(t, { key }) {
    patch(t, key, { refreshing: false });
    if (key === t.state.current) loadPeople(t, key);
    else patch(t, key, { people: null });
  },
  'reload-rules'(t, { key }) {
    patch(t, key, { reloading: false });
    loadRules(t, key);
  },
  join: (t, event) => join(t, event.credentials),
  'take-over': (t, event) => takeOver(t, event.token),
  'give-up': (t) => giveUp(t),
  reset: (t) => reset(t),
  address,
  open,
  leave,
  fill,
  notice: (t, { event }) => void (event.cause && showNotice(t, t.state.current, event)),
  submit,
  edit,
  search,
  look,
  act: (t, event) => act(t, event.object, event.key ?? t.state.current, event.kind),
  older: (t, event) => loadOlder(t, event.key),
  newer: (t, event) => loadNewer(t, event.key),
  end: (t, event) => jumpToEnd(t, event.key),
  jump(t, { key, id, name }) {
    open(t, { key, name });
    jumpTo(t, key, id);
  },
  jumped: (t, event) => patch(t, event.key, { jump: null }),
  again: (t, event) => tryAgain(t, event.label),
  discard: (t, event) => discard(t, event.label),
  draft: (t, { key, text }) => void (t.state.drafts = withKey(t.state.drafts, key, text || undefined)),
  rooms: (t) => void request(t, { type: 'rooms' }, { kind: 'rooms' }),
  users: (t) => void request(t, { type: 'users' }, { kind: 'users' }),
  rules: (t, event) => loadRules(t, event.key),
  whois: (t, { user }) => {
    t.state.profile = null;
    request(t, { type: 'whois', to: user }, { kind: 'whois' });
  },
  'end-search': (t) => void (t.state.search = null),
  elsewhere: (t) => giveUp(t),
};

/**
 * @param {object} state
 * @param {{type: string}} event
 * @returns {{state: object, effects: object[]}}
 */
export function update(state, event) {
  const t = begin(state);
  t.now = event.now ?? 0;
  EVENTS[event.type]?.(t, event);
  return { state: t.state, effects: t.effects };
}
