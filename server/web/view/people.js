// The users of the current room, with their marks.

import { h, icon } from './dom.js';
import { nameNode } from './row.js';
import { ownsRoom } from '../model/rules.js';
import { sameName } from '../model/state.js';
import { ui } from '../strings.js';

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
    const has = (names) => names?.some((name) => sameName(name, user));
    return [
      ownsRoom(conversation, user) && ui.ownerMark,
      sameName(user, state.me) && ui.youMark,
      has(rules?.hands?.map(([name]) => name)) && ui.handMark,
      has(rules?.floor) && ui.floorMark,
      has(rules?.muted) && ui.mutedMark,
      has(state.blocked) && ui.blockedMark,
    ].filter(Boolean);
  }

  function row(state, conversation, user) {
    const words = marks(state, conversation, user);
    return h('li', {}, h('button', { type: 'button', class: 'person', 'aria-haspopup': 'dialog', onclick: (event) => onmenu(user, event.currentTarget) },
      nameNode(user), words.length ? h('span', { class: 'marks muted' }, words.join(', ')) : null, icon('more')));
  }

  return {
    element,
    update(state) {
      const conversation = state.conversations[state.current];
      const next = [conversation.people, conversation.rules, state.blocked, conversation.key, state.me];
      if (next.every((value, index) => value === shown[index])) return;
      shown = next;
      const people = conversation.kind === 'user' ? [conversation.name] : conversation.people ?? [];
      const label = conversation.kind === 'all' ? ui.everyone : conversation.name;
      element.setAttribute('aria-label', ui.peopleIn(label));
      title.textContent = conversation.people ? ui.peopleCount(people.length + (conversation.morePeople ?? 0)) : ui.people;
      const first = people.slice(0, MOST_SHOWN);
      list.replaceChildren(...first.map((user) => row(state, conversation, user)));
      const more = people.length - first.length + (conversation.morePeople ?? 0);
      rest.textContent = more ? ui.morePeople(more) : '';
    },
  };
}
