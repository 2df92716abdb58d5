// What the server sends: one row for each kind of event.

import { addLive, addMissed, addPage, caughtUp, endPage, isStale } from './history.js';
import { deleteMessages, editMessage } from './items.js';
import { showNotice } from './notices.js';
import { changePin, changeRules, comeIn, connect, disconnect, gather, goOut, loadPeople, loadRules, reloadRules, rename, takeMembers, takeRules, useFloor } from './room.js';
import { finish, postpone, settle, settleByNonce } from './sending.js';
import { endedBy, refused, settled, welcome } from './session.js';
import { wellFormed } from './shape.js';
import { drop, effect, ensure, EVERYONE, isMe, patch, roomKey, userKey, withKey, withName, withoutName } from './state.js';

const keyOf = (event) => (event.room ? roomKey(event.room) : EVERYONE);
const partnerOf = (state, event) => (event.to_user && isMe(state, event.from_user) ? event.to_user : event.from_user);

/** The message in an event, as the items hold it. */
function messageOf(t, event) {
  const user = event.user ?? event.from_user;
  const message = { kind: 'message', id: event.id ?? null, at: event.at, user, text: event.text, mine: isMe(t.state, user) };
  for (const field of ['server', 'edited', 'nonce']) if (event[field]) message[field] = event[field];
  return message;
}

function say(t, event) {
  const key = event.event === 'all' ? EVERYONE : keyOf(event);
  const message = messageOf(t, event);
  ensure(t, key, event.room);
  addLive(t, key, message);
  if (!message.mine) effect(t, { type: 'heard', key, message });
  useFloor(t, key, message.user);
}

function past(t, event, about) {
  settleByNonce(t, event.nonce);
  const message = messageOf(t, event);
  const key = event.from_user ? userKey(partnerOf(t.state, event)) : keyOf(event);
  if (about?.kind === 'search') t.state.search = { ...t.state.search, results: [...t.state.search.results, { ...message, key, place: event.room ?? partnerOf(t.state, event) ?? '' }] };
  else if (about?.kind === 'history') addPage(t, about, message);
  else if (about?.kind === 'sign-in') addMissed(t, key, message);
}

function sayTo(t, event) {
  if (event.seq) {
    t.state.seq = event.seq;
    effect(t, { type: 'send', object: { type: 'ack', seq: event.seq } });
  }
  const key = userKey(event.from_user);
  const message = { ...messageOf(t, event), ...(event.event === 'private' ? { private: true } : {}) };
  ensure(t, key, event.from_user);
  addLive(t, key, message);
  effect(t, { type: 'heard', key, message });
}

function remove(t, event) {
  const key = keyOf(event);
  const conversation = t.state.conversations[key];
  if (conversation) patch(t, key, { items: deleteMessages(conversation.items, event.ids, event.by) });
  for (const id of event.ids) changePin(t, key, id, null);
}

function edit(t, event) {
  const key = keyOf(event);
  const conversation = t.state.conversations[key];
  if (conversation) patch(t, key, { items: editMessage(conversation.items, event.id, event.text) });
  changePin(t, key, event.id, event.text.replaceAll('\n', ' ').slice(0, 200));
}

const inRoom = (t, event) => (event.room && t.state.conversations[roomKey(event.room)] ? roomKey(event.room) : t.state.current);

/** The rules of the server come with those of a room, to owners of the server. */
function reloadServerRules(t) {
  for (const { key, rules } of Object.values(t.state.conversations)) if (rules?.server) loadRules(t, key);
}

/** The user is in a room: invitations to it have no button any more. */
function useInvitations(t, key) {
  const isOpen = ({ event, used }) => event?.cause === 'invited' && !used && roomKey(event.room) === key;
  for (const conversation of Object.values(t.state.conversations)) {
    if (conversation.items.some(isOpen)) patch(t, conversation.key, { items: conversation.items.map((item) => (isOpen(item) ? { ...item, used: true } : item)) });
  }
}

/** Causes that change the state beyond the rules of a room: `(t, event)`; true keeps the line from showing. */
const CAUSES = {
  __proto__: null,
  entered(t, event) {
    const key = roomKey(event.room);
    ensure(t, key, event.room);
    patch(t, key, { member: true, name: event.room, removed: null });
    useInvitations(t, key);
    loadPeople(t, key);
    loadRules(t, key);
    return true;
  },
  left_room(t, event) {
    const key = roomKey(event.room);
    drop(t, key);
    if (t.state.current === key) effect(t, { type: 'event', event: { type: 'open', key: 'lobby' } });
    return true;
  },
  in_no_room: () => true,
  kicked_from_room(t, event) {
    patch(t, roomKey(event.room), { member: false, removed: event, people: null });
    return true;
  },
  invited(t, event) {
    const key = roomKey(event.room);
    if (t.state.conversations[key]?.removed) patch(t, key, { removed: event });
    if (t.state.current !== key) showNotice(t, t.state.current, event);
    return true;
  },
  blocked: (t, event) => void (t.state.blocked = withName(t.state.blocked, event.user)),
  unblocked: (t, event) => void (t.state.blocked = withoutName(t.state.blocked, event.user)),
  account_made: (t) => void Object.assign(t.state, { account: true, credentials: null }),
  away_set: (t) => void (t.state.away = true),
  here_again: (t) => void (t.state.away = false),
  topic: () => true,
  pin: () => true,
  room_quiet: () => true,
  room_slow: () => true,
  hand_up: () => true,
  hand_down: () => true,
  doors_shut: reloadServerRules,
  doors_open: reloadServerRules,
  whispers_owners: reloadServerRules,
  whispers_all: reloadServerRules,
  user_expelled: reloadServerRules,
  user_readmitted: reloadServerRules,
  server_owned(t) {
    const members = Object.values(t.state.conversations).filter(({ kind, member }) => kind === 'room' && member);
    const shown = members.find(({ key }) => key === t.state.current) ?? members[0];
    if (shown) loadRules(t, shown.key);
  },
};

/** The answer to a form: it shows beside its field. */
const answerForm = (t, event, about) => void (t.state.answer = { form: about.form, event });

function inform(t, event, about) {
  if (endedBy(t, event)) return;
  if (event.room) changeRules(t, roomKey(event.room), event);
  if (about?.kind === 'say') return;
  const hides = CAUSES[event.cause]?.(t, event);
  if (about?.kind === 'form') answerForm(t, event, about);
  const shows = about?.kind !== 'form' && (about?.kind === 'command' || !hides);
  if (shows) showNotice(t, about?.key ?? inRoom(t, event), event);
}

const privateChange = (open) => (t, event) => {
  const key = userKey(event.user);
  ensure(t, key, event.user);
  t.state.privates = withKey(t.state.privates, key, open);
  showNotice(t, key, event);
  const { unread, mentions } = t.state.conversations[key];
  if (open === 'asked' && t.state.current !== key) patch(t, key, { unread: unread + 1, mentions: mentions + 1 });
};

/** Lists show their text where the user asked for them by a command. */
const list = (take) => (t, event, about) => {
  take?.(t, event, about);
  if (about?.kind === 'command') showNotice(t, about.key, event);
};

const EVENTS = {
  __proto__: null,
  'message': say,
  'message all': say,
  'message history': past,
  'message transcript': (t, event, about) => showNotice(t, about?.key, event),
  'message edited': edit,
  'pm': sayTo,
  'pm history': past,
  'pm private': sayTo,
  'system deleted': remove,
  'system connected': (t, event) => connect(t, event.user),
  'system disconnected': (t, event) => disconnect(t, event.user, event.at),
  'system joined': (t, event) => comeIn(t, roomKey(event.room), event.user, event.at),
  'system left': (t, event) => goOut(t, roomKey(event.room), event.user, event.at),
  'system gathered': (t, event) => gather(t, event.room ? roomKey(event.room) : null, event),
  'system renamed'(t, event) {
    rename(t, event.user, event.to);
    showNotice(t, t.state.current, event);
  },
  'system private_request': privateChange('asked'),
  'system private_connected': privateChange('open'),
  'system private_rejected': privateChange(null),
  'system private_ended': privateChange(null),
  'system members': list((t, event) => takeMembers(t, roomKey(event.room), event)),
  'system rules': list((t, event) => takeRules(t, roomKey(event.room), event)),
  'system rooms': list((t, event) => void (t.state.rooms = event.after ? [...(t.state.rooms ?? []), ...event.rooms] : event.rooms)),
  'system online': list((t, event) => void (t.state.users = event.after ? [...(t.state.users ?? []), ...event.users] : event.users)),
  'system blocked': list((t, event) => void (t.state.blocked = event.after ? [...t.state.blocked, ...event.users] : event.users)),
  'system whois': list((t, event, about) => void (about?.kind === 'whois' && (t.state.profile = event))),
  'system private_chats': list(),
  'system seen': list(),
  'system history_end'(t, event, about) {
    if (about?.kind === 'history') endPage(t, about, event.next !== undefined);
    else if (about?.kind === 'search') t.state.search = { ...t.state.search, busy: false, more: event.next !== undefined, ended: true };
    else if (about?.kind === 'command') showNotice(t, about.key, event);
  },
  'system caught_up': (t, event) => caughtUp(t, event.room === 'all' ? EVERYONE : roomKey(event.room), event),
  'system info': inform,
  'system notice': inform,
  'auth_ok': welcome,
  'auth_fail': refused,
  'ping': (t) => effect(t, { type: 'send', object: { type: 'pong' } }),
};

/** Refusals that tell that the page shows old rules. */
const OLD_RULES = new Set(['quiet', 'muted', 'slowed', 'not_owner', 'not_server_owner', 'target_is_owner', 'owner_already', 'no_owner', 'no_floor', 'no_hands', 'not_muted', 'target_muted', 'not_banned', 'no_pin']);

/** Takes the refusal of a request. */
function fail(t, event, about) {
  if (about?.kind !== 'floor' && OLD_RULES.has(event.cause)) reloadRules(t, event.room ? roomKey(event.room) : about?.key);
  if (about?.kind === 'say') return;
  if (about?.kind === 'form') answerForm(t, event, about);
  else if (about?.kind === 'history' || about?.kind === 'search') failLookup(t, event, about);
  else if (about?.kind === 'join') {
    const key = roomKey(event.room ?? about.object.room);
    ensure(t, key, about.object.room);
    patch(t, key, { removed: event, member: false });
  } else if (about?.kind === 'sign-in' && event.room) patch(t, roomKey(event.room), { member: false, removed: event });
  else if (about?.kind === 'floor') loadRules(t, about.key);
  else if (about?.kind !== 'who' && about?.kind !== 'rules') showNotice(t, about?.key ?? t.state.current, event);
}

function failLookup(t, event, about) {
  if (about.kind === 'search') {
    t.state.search = { ...t.state.search, busy: false, problem: event };
    return;
  }
  if (isStale(about, t.state.conversations[about.key])) return;
  patch(t, about.key, { loading: null, oldest: true, ...(about.mode === 'gap' ? { gap: null } : {}) });
}

/** Takes one object of the server. */
export function receive(t, object) {
  const event = wellFormed(object);
  const about = event.label ? t.state.requests[event.label] : undefined;
  if (event.type === 'error' && about && (event.cause === 'throttled' || (event.cause === 'history_busy' && about.kind !== 'command'))) {
    postpone(t, event.label, event.retry_ms ?? 1000);
    return;
  }
  if (event.type === 'error') {
    fail(t, event, about);
  } else {
    EVENTS[event.event === 'info' || !event.event ? kindOf(event) : `${event.type} ${event.event}`]?.(t, event, about);
  }
  if (!event.label || !event.done) return;
  if (about?.kind === 'form' && t.state.answer === null) answerForm(t, event, about);
  if (about?.kind === 'say') settle(t, event.label, event);
  else finish(t, event.label);
  if (about?.kind === 'sign-in' && event.type !== 'auth_fail' && t.state.phase === 'in') settled(t);
}

const kindOf = (event) => (event.type === 'system' ? 'system info' : event.type);
