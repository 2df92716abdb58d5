// The list of rooms and conversations, with what is unread, and the rooms that are open to enter.

import { ownsRoom, rankPeople } from '../model/room.js';
import { hasName, isRoomName, listed, roomKey, sameName } from '../model/state.js';
import { sentence, ui } from '../strings.js';
import { field, h, icon, setText, syncRows } from './dom.js';
import { nameNode } from './list.js';

/** @param {{facts: object, onopen: (key: string, name?: string) => void, footer: Node[]}} options */
export function createRooms({ facts, onopen, footer }) {
  const title = h('h2', { class: 'server' }, h('bdi', {}, facts.name));
  const mine = h('ul', { class: 'links' });
  const people = h('ul', { class: 'links' });
  const peopleTitle = h('h3', {}, ui.conversations);
  const others = h('ul', { class: 'links' });
  const othersTitle = h('h3', {}, ui.otherRooms);
  const name = field(ui.openRoom, { maxlength: '32', placeholder: ui.roomName, enterkeyhint: 'go' });
  const form = h('form', { class: 'inline', onsubmit(event) {
    event.preventDefault();
    const typed = name.input.value.trim().replace(/^#/, '').normalize('NFC');
    if (!typed) return;
    name.setError(isRoomName(typed) ? '' : sentence({ cause: 'room_name_bad', name: typed }));
    if (!isRoomName(typed)) return;
    name.input.value = '';
    onopen(roomKey(typed), typed);
  } }, name.element, h('button', { type: 'submit' }, ui.open));
  const element = h('nav', { class: 'rooms', 'aria-label': ui.rooms }, title, mine, peopleTitle, people, othersTitle, others, form, h('div', { class: 'rooms-footer' }, ...footer));
  let shown = [];

  function link(key, label, { unread = 0, mentions = 0, current = false, count = null } = {}) {
    const badge = unread ? h('span', { class: mentions ? 'badge urgent' : 'badge', 'aria-hidden': 'true' }, mentions ? `@${unread}` : String(unread)) : count !== null && h('span', { class: 'muted' }, ` ${count}`);
    return h('li', {}, h('a', {
      href: '#' + encodeURI(key), 'aria-current': current ? 'page' : null, 'aria-label': unread ? ui.roomLabel(label, unread, key.startsWith('@') ? 0 : mentions) : null,
      class: unread ? 'unread' : null,
      onclick(event) {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
        event.preventDefault();
        onopen(key, label);
      },
    }, h('bdi', { class: 'label' }, label), badge));
  }

  return {
    element,
    update(state) {
      const { conversations, rooms, current } = state;
      if (shown[0] === conversations && shown[1] === rooms && shown[2] === current) return;
      shown = [conversations, rooms, current];
      const row = (key, label, marks) => ({ key, mark: JSON.stringify([label, marks]), make: () => link(key, label, marks) });
      const own = ({ key, kind, name, unread, mentions }) =>
        row(key, kind === 'all' ? ui.everyone : name, { unread, mentions: kind === 'user' ? unread : mentions, current: key === current });
      const { rooms: members, users } = listed(state);
      syncRows(mine, members.map(own));
      syncRows(people, users.map(own));
      peopleTitle.hidden = people.hidden = !users.length;
      const free = (rooms ?? []).filter(([room]) => !members.some((each) => each.key === roomKey(room)));
      syncRows(others, free.slice(0, 50).map(([room, count]) => row(roomKey(room), room, { count })));
      othersTitle.hidden = others.hidden = !free.length;
    },
  };
}

// The users of the current room, with their marks.

/** Most names in the list at once. */
const MOST_SHOWN = 500;

/** @param {{onmenu: (user: string, anchor: Element) => void}} options */
export function createPeople({ onmenu }) {
  const title = h('h2', {});
  const list = h('ul', { class: 'links' });
  const rest = h('p', { class: 'muted' });
  const element = h('aside', { class: 'people' }, title, list, rest);
  let shown = [];

  function marks(state, conversation, user) {
    const { rules } = conversation;
    const has = (names) => hasName(names, user);
    return [
      ownsRoom(conversation, user) && ui.ownerMark,
      sameName(user, state.me) && ui.youMark,
      has(rules?.hands?.map(([name]) => name)) && ui.handMark,
      has(rules?.floor) && ui.floorMark,
      has(rules?.muted) && ui.mutedMark,
      has(state.blocked) && ui.blockedMark,
    ].filter(Boolean);
  }

  const row = (user, words) => h('li', {}, h('button', { type: 'button', class: 'person', 'aria-haspopup': 'dialog', onclick: (event) => onmenu(user, event.currentTarget) },
      nameNode(user), words.length ? h('span', { class: 'marks muted' }, words.join(', ')) : null, icon('more')));

  return {
    element,
    update(state) {
      const conversation = state.conversations[state.current];
      const next = [state.users, conversation.people, conversation.rules, state.blocked, conversation.key, state.me];
      if (next.every((value, index) => value === shown[index])) return;
      shown = next;
      const people = { user: [conversation.name], all: state.users ?? [], room: conversation.people ?? [] }[conversation.kind];
      const label = conversation.kind === 'all' ? ui.everyone : conversation.name;
      element.setAttribute('aria-label', ui.peopleIn(label));
      title.textContent = people.length ? ui.peopleCount(people.length + (conversation.morePeople ?? 0)) : ui.people;
      const first = rankPeople(people, conversation).slice(0, MOST_SHOWN);
      syncRows(list, first.map((user) => {
        const words = marks(state, conversation, user);
        return { key: user, mark: words.join(), make: () => row(user, words) };
      }));
      const more = people.length - first.length + (conversation.morePeople ?? 0);
      rest.textContent = more ? ui.morePeople(more) : '';
    },
  };
}
