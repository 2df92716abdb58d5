// The menus of a message, of a user and of the page: what can be done, one button each.

import { editable, OWN_MS } from '../model/items.js';
import { isOwner, ownsRoom } from '../model/room.js';
import { hasName, sameName, userKey } from '../model/state.js';
import { ui } from '../strings.js';
import { button, copyText, h, openDialog } from './dom.js';

/**
 * Opens a menu beside its button; on a phone it stands at the bottom.
 * @param {string} label
 * @param {Element} anchor
 * @param {(false|null|{label: string, run: () => void, danger?: boolean})[]} entries
 */
export function openMenu(label, anchor, entries) {
  let layer = null;
  const items = entries.filter(Boolean).map((entry) => button(entry.label, () => layer.close(entry.run), { class: entry.danger ? 'danger' : null }));
  const title = h('p', { class: 'menu-title muted' }, h('bdi', {}, label));
  const box = anchor.getBoundingClientRect();
  layer = openDialog({ label, class: 'menu', content: [h('div', { class: 'menu-body' }, title, ...items)] });
  const { element } = layer;
  if (window.innerWidth >= 720) {
    const { width, height } = element.getBoundingClientRect();
    element.style.left = `${Math.max(8, Math.min(box.right - width, window.innerWidth - width - 8))}px`;
    element.style.top = `${Math.max(8, box.bottom + height + 8 < window.innerHeight ? box.bottom : box.top - height)}px`;
  }
  element.querySelector('button')?.focus({ preventScroll: true });
}

/**
 * @param {{dispatch: Function, state: () => object, compose: () => object, inChat: (run: () => void) => void, showProfile: (user: string) => void}} options
 *   `inChat` runs an action when no drawer covers the chat
 */
export function createMenus({ dispatch, state, compose, inChat, showProfile }) {
  const current = () => state().conversations[state().current];
  const act = (object, key) => dispatch({ type: 'act', object, key });
  const entry = (label, run, danger = false) => ({ label, run, danger });

  /** What owners of the current room can do to a user: what is needed at once, and the rest. */
  function ownerEntries(conversation, user) {
    const { name: room, rules } = conversation;
    const has = (names) => hasName(names, user);
    const to = (type, extra) => () => act({ type, room, to: user, ...extra });
    const isIn = has(conversation.people);
    const isMuted = has(rules.muted);
    return {
      first: [
        rules.quiet && (has(rules.floor) ? entry(ui.floorBack, to('floor', { minutes: 0 })) : entry(ui.floor, to('floor'))),
        isMuted ? entry(ui.unmute, to('unmute')) : entry(ui.mute5, to('mute', { minutes: 5 }), true),
        isIn && entry(ui.remove, to('kick'), true),
      ],
      more: [
        !isMuted && entry(ui.mute60, to('mute', { minutes: 60 }), true),
        entry(ui.deleteRecent, to('delete', { minutes: 10 }), true),
        entry(ui.ban, to('ban', { minutes: 60 }), true),
        entry(ui.banAlways, to('ban'), true),
        rules.server && entry(ui.banServer, () => act({ type: 'ban', everywhere: true, to: user, minutes: 60 }), true),
        has(rules.owners) ? entry(ui.takeOwner, to('deop'), true) : entry(ui.makeOwner, to('op')),
      ],
    };
  }

  /** Opens the conversation with a user, ready to write. */
  const talk = (user, then) => inChat(() => {
    dispatch({ type: 'open', key: userKey(user), name: user });
    then?.();
    compose().input.focus();
  });

  function userEntries(user) {
    const conversation = current();
    const isBlocked = hasName(state().blocked, user);
    const isOpen = conversation.key === userKey(user);
    return [
      !isOpen && entry(ui.messageUser(user), () => talk(user)),
      conversation.kind === 'room' && entry(ui.mention(user), () => inChat(() => compose().insert(`@${user} `))),
      entry(isBlocked ? ui.unblock(user) : ui.block(user), () => act({ type: isBlocked ? 'unblock' : 'block', to: user })),
      entry(ui.about(user), () => showProfile(user)),
      state().privates[userKey(user)] !== 'open' && entry(ui.askPrivate(user), () => talk(user, () => act({ type: 'connect', to: user }, userKey(user)))),
    ];
  }

  return {
    /** The menu of a message. */
    message(item, anchor) {
      const conversation = current();
      const owner = isOwner(conversation);
      const mayChange = item.mine && item.id && Date.now() - item.at < OWN_MS && conversation.kind !== 'user';
      const target = conversation.kind === 'all' ? {} : { room: conversation.name };
      const isOther = !item.mine && !item.server;
      const isPinned = conversation.rules?.pin?.id === item.id;
      openMenu(ui.messageMenu(item.user), anchor, [
        entry(ui.copy, () => copyText(item.text)),
        item === editable(conversation, Date.now()) && entry(ui.edit, () => compose().startEditing(item)),
        item.id && conversation.kind !== 'user' && (mayChange || owner) && entry(ui.delete, () => act({ type: 'delete', ...target, id: item.id }), true),
        owner && item.id && entry(isPinned ? ui.unpin : ui.pin, () => act(isPinned ? { type: 'unpin', ...target } : { type: 'pin', ...target, id: item.id })),
        ...(isOther && owner && !ownsRoom(conversation, item.user) ? ownerEntries(conversation, item.user).first : []),
        ...(isOther ? userEntries(item.user).slice(0, 3) : []),
        isOther && entry(`${ui.more}…`, () => this.user(item.user, anchor)),
      ]);
    },
    /** The menu of a user. */
    user(user, anchor) {
      const conversation = current();
      if (sameName(user, state().me)) return openMenu(user, anchor, [entry(ui.about(user), () => showProfile(user))]);
      const { first, more } = isOwner(conversation) ? ownerEntries(conversation, user) : { first: [], more: [] };
      const [message, ...others] = userEntries(user);
      return openMenu(user, anchor, [message, ...first, ...others, ...more]);
    },
  };
}
