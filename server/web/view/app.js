// The page: header, three columns, drawers; draws each change of the state.

import { browserStore } from '../browser.js';
import { nextUnread } from '../model/state.js';
import { mayTellAll, pauseOf } from '../model/room.js';
import { accentOf, mentions } from '../model/text.js';
import { ui } from '../strings.js';
import { createBottomBar, createTopBars } from './bars.js';
import { createComposer } from './composer.js';
import { button, h, hasLayers, icon, iconButton, openDialog, setShown, setText } from './dom.js';
import { createJoin } from './join.js';
import { createList } from './list.js';
import { createMenus, openMenu } from './menus.js';
import { openAccount, openHelp, openInvite, openProfile, openSearch, signOut } from './panels.js';
import { openSettings } from './settings.js';
import { createPeople, createRooms } from './sides.js';
import { createAnnouncer, createTheme } from './signs.js';

/** Widths from which the lists stand beside the talk, as in style.css. */
const ROOMS_BESIDE = '(min-width: 720px)';
const PEOPLE_BESIDE = '(min-width: 1100px)';

/** @param {{facts: object, store: object, connection: object, tab: object, outdated: () => boolean}} page */
export function createApp({ facts, store, connection, onjoin, ontakeover, outdated }) {
  const { dispatch } = store;
  const state = () => store.state;
  const updates = new Set();
  const register = (update) => {
    updates.add(update);
    update(state());
    return () => updates.delete(update);
  };
  const page = { dispatch, state, register, facts };
  const limits = { message_chars: 2000, message_lines: 50, ...facts.limits };
  document.body.classList.add(`server-accent-${accentOf(facts.name)}`);
  const theme = createTheme();
  const announcer = createAnnouncer({ facts, accent: theme.accent() });

  const open = (key, name) => whenClosed(() => dispatch({ type: 'open', key, name }));
  const menus = createMenus({ dispatch, state, compose: () => composer, inChat: whenClosed, showProfile: (user) => openProfile(page, user) });
  const composer = createComposer({ dispatch, limits, state, sent: () => list.goToEnd() });
  const list = createList({ dispatch, history: facts.history !== false, onmenu: (item, anchor) => menus.message(item, anchor), oninvite: () => openInvite(page), onleave: () => (composer.element.hidden ? bottomBar.element : composer.input).focus() });
  const people = createPeople({ onmenu: (user, anchor) => menus.user(user, anchor) });
  const rooms = createRooms({ facts, onopen: open, footer: [button(ui.menu, (event) => pageMenu(event.currentTarget), { class: 'plain', 'aria-haspopup': 'dialog' })] });
  const jump = (key, id) => dispatch({ type: 'jump', key, id });
  const topBars = createTopBars({ facts, connection, onjump: jump, onsettings: () => openSettings(page), onaccount: () => openAccount(page), isOutdated: outdated });
  const bottomBar = createBottomBar({ dispatch, say: announcer.say });

  // The header.
  const roomTitle = h('h1', {}, h('bdi', {}));
  const roomButton = h('button', { type: 'button', class: 'room-button', 'aria-haspopup': 'dialog', onclick: aboutConversation }, roomTitle);
  const count = h('span', {});
  const peopleButton = h('button', { type: 'button', class: 'icon-button people-button', 'aria-label': ui.people, title: ui.people, onclick: () => drawer('people') }, icon('people'), count);
  const menuBadge = h('span', { class: 'dot', hidden: true });
  const menuButton = iconButton('menu', ui.rooms, () => drawer('rooms'), { class: 'icon-button menu-button' });
  menuButton.append(menuBadge);
  const header = h('header', {}, menuButton, roomButton, peopleButton,
    iconButton('search', ui.search, () => openSearch(page), { class: 'icon-button wide' }),
    iconButton('qr', ui.invite, () => openInvite(page), { class: 'icon-button wide' }),
    iconButton('more', ui.menu, (event) => pageMenu(event.currentTarget), { 'aria-haspopup': 'dialog' }));
  const main = h('main', { id: 'main' }, topBars.element, list.element, bottomBar.element, composer.element);
  const skip = h('a', { href: '#main', class: 'skip', onclick(event) {
    event.preventDefault();
    list.log.focus();
  } }, ui.skip);
  const chat = h('div', { class: 'chat' }, skip, header, rooms.element, main, people.element);
  const join = createJoin({ facts, name: state().me, onjoin });
  const notice = h('main', { class: 'join' });
  let shownPhase = null;

  // Lists stand beside the talk, or in a drawer.
  let drawn = null;
  const beside = { rooms: window.matchMedia(ROOMS_BESIDE), people: window.matchMedia(PEOPLE_BESIDE) };
  const elements = { rooms: rooms.element, people: people.element };
  const places = { rooms: () => header.after(rooms.element), people: () => main.after(people.element) };
  for (const name of ['rooms', 'people']) beside[name].addEventListener('change', () => (drawn ? drawn.close(settle) : settle()));

  function settle() {
    for (const name of ['rooms', 'people']) {
      if (beside[name].matches) places[name]();
      else elements[name].remove();
    }
  }

  function drawer(name) {
    if (beside[name].matches) return;
    if (name === 'rooms') dispatch({ type: 'rooms' });
    const close = iconButton('close', ui.close, () => drawn.close());
    drawn = openDialog({ label: ui[name], class: `drawer ${name}`, content: [close, elements[name]], onclose() {
      drawn = null;
      settle();
    } });
  }

  /** Runs an action when the drawer is closed. */
  function whenClosed(run) {
    if (drawn) drawn.close(run);
    else run();
  }

  function aboutConversation(event) {
    const conversation = state().conversations[state().current];
    if (conversation.kind === 'user') menus.user(conversation.name, event.currentTarget);
    else if (conversation.kind === 'room' && conversation.member) openSettings(page);
  }

  function pageMenu(anchor) {
    const sound = browserStore.get('sound') !== false;
    const conversation = state().conversations[state().current];
    const entry = (label, run) => ({ label, run });
    const items = [
      window.innerWidth < 400 && entry(ui.search, () => openSearch(page)),
      window.innerWidth < 400 && entry(ui.invite, () => openInvite(page)),
      conversation.kind === 'room' && conversation.member && entry(ui.roomMenu(conversation.name), () => openSettings(page)),
      conversation.kind !== 'room' && conversation.key !== '*' && entry(ui.closeConversation, () => dispatch({ type: 'leave', key: conversation.key })),
      mayTellAll(state(), Date.now()) && entry(ui.everyone, () => dispatch({ type: 'open', key: '*' })),
      entry(ui.account, () => openAccount(page)),
      entry(theme.label(), () => theme.next()),
      entry(ui.sound(sound), () => browserStore.set('sound', !sound)),
      entry(ui.help, () => openHelp()),
      entry(ui.signOut, () => signOut(page)),
    ];
    whenClosed(() => openMenu(ui.menu, anchor.isConnected ? anchor : header.lastElementChild, items));
  }

  createKeys({ log: list.log, input: composer.input, header, rooms: rooms.element, people: people.element, state, open, search: () => openSearch(page), hasLayers });

  function showPhase(current) {
    const phase = current.phase === 'signing' && current.token && Object.keys(current.conversations).length ? 'in' : current.phase;
    const screen = phase === 'in' ? 'chat' : phase === 'elsewhere' || phase === 'ended' ? phase : 'join';
    if (screen === shownPhase) return screen;
    const first = shownPhase === null;
    shownPhase = screen;
    if (screen === 'chat') {
      document.body.replaceChildren(chat, announcer.element);
      settle();
      if (!window.matchMedia('(pointer: coarse)').matches) composer.input.focus();
    } else if (screen === 'join') {
      document.body.replaceChildren(join.element);
      join.begin(current);
      if (!first || !window.matchMedia('(pointer: coarse)').matches) join.focus();
    } else {
      const isElsewhere = screen === 'elsewhere';
      notice.replaceChildren(h('div', { class: 'join-box', role: 'alert' }, h('h1', {}, h('bdi', {}, facts.name)),
        h('p', {}, isElsewhere ? ui.secondTab(facts.name) : ui.ended(current.ended)),
        button(isElsewhere ? ui.useHere : ui.joinAgain, isElsewhere ? ontakeover : () => dispatch({ type: 'reset' }), { class: 'main' })));
      document.body.replaceChildren(notice);
      notice.querySelector('button').focus();
    }
    return screen;
  }

  function drawHeader(current, conversation) {
    setText(roomTitle.firstChild, conversation.kind === 'all' ? ui.everyone : conversation.name);
    const size = conversation.people ? conversation.people.length + (conversation.morePeople ?? 0) : 0;
    setText(count, size ? String(size) : '');
    peopleButton.setAttribute('aria-label', size ? ui.peopleCount(size) : ui.people);
    const others = Object.values(current.conversations).some((each) => each.key !== current.current && each.unread);
    setShown(menuBadge, others);
    menuButton.setAttribute('aria-label', others ? `${ui.rooms}, ${ui.newLine}` : ui.rooms);
  }

  return {
    heard: ({ key, message }) => {
      const conversation = state().conversations[key];
      const way = conversation.kind === 'user' ? 'private' : mentions(message.text, state().me) ? 'mention' : null;
      if (way || key === state().current) announcer.heard(message, way, browserStore.get('sound') !== false);
    },
    /** Opens a view that a typed command names. */
    view({ view, argument }) {
      if (view === 'search') openSearch(page, argument);
      else if (view === 'account') openAccount(page);
      else list.log.scrollTop = 0;
    },
    update() {
      const current = state();
      const screen = showPhase(current);
      if (screen === 'join') join.update(current);
      if (screen === 'chat') {
        const conversation = current.conversations[current.current];
        if (!conversation) return;
        drawHeader(current, conversation);
        rooms.update(current);
        people.update(current);
        topBars.update(current);
        const takesFocus = bottomBar.element.contains(document.activeElement);
        const canWrite = bottomBar.update(current);
        composer.update(current, { canWrite, takesFocus, busySeconds: pauseOf(conversation, Date.now()) });
        list.update(current);
      }
      for (const update of updates) update(current);
      announcer.update(current);
    },
    join,
  };
}

// Keys for the whole page: F6 changes the region, Ctrl-K searches, Alt with arrows goes to unread rooms.

export function createKeys({ log, input, header, rooms, people, state, open, search, hasLayers }) {
  const regions = () => [[...header.querySelectorAll('button')].find((each) => each.offsetParent), rooms.querySelector('a, button'), log, input, people.querySelector('button')].filter((each) => each?.isConnected && each.offsetParent !== null);
  const regionOf = (element) => [header, rooms, log, input.form, people].findIndex((each) => each.contains(element));

  function changeRegion(back) {
    const all = regions();
    const here = all.findIndex((each) => regionOf(each) === regionOf(document.activeElement));
    all[(here + (back ? all.length - 1 : 1)) % all.length]?.focus();
  }

  document.addEventListener('keydown', (event) => {
    if (state().phase !== 'in' || hasLayers()) return;
    if (event.key === 'F6') changeRegion(event.shiftKey);
    else if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) search();
    else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      const key = nextUnread(state(), event.key === 'ArrowUp' ? -1 : 1);
      if (key) open(key);
    } else return;
    event.preventDefault();
  });
}
