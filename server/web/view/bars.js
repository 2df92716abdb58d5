// The bars around the list: above, the connection, the topic and the pin; below, who may write, and raised hands.

import { floorUntil, isOwner, ownsAsGuest, silence } from '../model/room.js';
import { hasName } from '../model/state.js';
import { moment } from '../model/text.js';
import { HAND, isHandText, sentence, ui } from '../strings.js';
import { button, h, iconButton, setShown } from './dom.js';

/** A lost connection shows after this time, and the question about the Wi-Fi after that one, in milliseconds. */
const SHOW_LOST = 1000;
const NO_ANSWER = 15_000;

/** A bar that is drawn anew only when what it shows has changed. `onchange` hears its words. */
function bar(className, properties = {}, onchange = () => {}) {
  const element = h('div', { class: `bar ${className}`, hidden: true, ...properties });
  let shown = '';
  return {
    element,
    /** Shows these nodes; `mark` tells one content from another, '' hides the bar. */
    show(mark, nodes = () => []) {
      if (mark === shown) return;
      shown = mark;
      const hadFocus = element.contains(document.activeElement);
      setShown(element, mark !== '');
      element.replaceChildren(...(mark ? nodes() : []));
      if (hadFocus) element.querySelector('button:not([data-passes-focus]), input')?.focus();
      onchange(element.querySelector('.bar-text')?.textContent ?? '');
    },
  };
}

const words = (text) => h('span', { class: 'bar-text', dir: 'auto' }, text);
const actions = (...buttons) => h('span', { class: 'bar-actions' }, ...buttons);

/** @param {{facts: object, connection: object, onjump: Function, onsettings: () => void, onaccount: () => void, isOutdated: () => boolean}} options */
export function createTopBars({ facts, connection, onjump, onsettings, onaccount, isOutdated }) {
  const link = bar('status', { role: 'status' });
  const version = bar('status', { role: 'status' });
  const guestOwner = bar('guest-owner');
  let isClosed = false;
  const topic = bar('topic');
  const pin = bar('topic');
  const element = h('div', { class: 'bars' }, link.element, version.element, guestOwner.element, h('div', { class: 'topics' }, topic.element, pin.element));
  return {
    element,
    update(state) {
      const conversation = state.conversations[state.current];
      const away = state.lostAt && state.link === 'down' ? Date.now() - state.lostAt : 0;
      if (away > NO_ANSWER) link.show('silent', () => [words(ui.noAnswer(facts.name)), button(ui.tryNow, () => connection.wake())]);
      else if (away > SHOW_LOST) link.show('lost', () => [words(ui.reconnecting)]);
      else link.show('');
      version.show(isOutdated() ? 'outdated' : '', () => [words(ui.updated), button(ui.reload, () => location.reload())]);
      const isGuestOwner = ownsAsGuest(state);
      if (!isGuestOwner) isClosed = false;
      guestOwner.show(isGuestOwner && !isClosed ? 'shown' : '', () => [words(ui.ownedByGuest), actions(facts.accounts === false ? null : button(ui.makeAccount, onaccount), iconButton('close', ui.close, () => {
        isClosed = true;
        guestOwner.show('');
        document.querySelector('.log').focus();
      }))]);
      const rules = conversation?.rules;
      topic.show(rules?.topic ?? '', () => [button(h('bdi', { class: 'bar-text' }, rules.topic), onsettings, { class: 'bar-line', title: rules.topic })]);
      const pinned = rules?.pin;
      pin.show(pinned ? `${pinned.id} ${pinned.text}` : '', () => [button(h('span', { class: 'bar-text' }, h('span', { class: 'muted' }, ui.pinned(pinned.user), ' '), h('bdi', {}, pinned.text)), () => onjump(conversation.key, pinned.id), { class: 'bar-line' })]);
    },
  };
}

/** Tells whether a user who was removed from a room may enter it again. */
const mayReturn = (removed, rules, me) => removed.cause === 'kicked_from_room' && rules?.open !== false && !hasName(rules?.banned, me);

/** @param {{dispatch: Function, say: (text: string) => void}} options `say` announces to screen readers */
export function createBottomBar({ dispatch, say }) {
  const block = bar('blocked', {}, (text) => text && !isTold && say(text));
  const element = h('div', { class: 'bottom-bars', tabindex: '-1' }, block.element);
  /** The raised hands that the owner saw last, and where. */
  let handsShown = [];
  let handsKey = null;
  /** Whether raised hands are announced by themselves, so not by the bar. */
  let isTold = false;
  const act = (object) => dispatch({ type: 'act', object });
  return {
    element,
    /** Shows what keeps the user from writing. Returns whether the user can write. */
    update(state) {
      const conversation = state.conversations[state.current];
      const { removed, rules, name, key, kind } = conversation;
      const silenced = silence(conversation, Date.now());
      isTold = false;
      if (!isOwner(conversation)) handsKey = null;
      if (kind === 'room' && removed) {
        block.show(`removed ${key} ${removed.cause} ${removed.at}`, () => removedNodes(conversation, state.me));
        return false;
      }
      if (silenced === 'muted') {
        const { by, until } = rules.you;
        block.show(`muted ${until}`, () => [words(ui.mutedUntil(by, until && moment(until, Date.now())))]);
        return false;
      }
      if (silenced === 'quiet') {
        const { hand } = rules.you;
        block.show(`quiet ${hand}`, () => (hand === undefined
          ? [words(ui.quiet), button(ui.raiseHand, () => act({ type: 'hand', room: name, text: HAND }))]
          : [words(ui.handUp(hand)), button(ui.lowerHand, () => act({ type: 'hand', room: name }))]));
        return false;
      }
      if (isOwner(conversation)) showOwner(conversation);
      else if (rules?.quiet) block.show(`floor ${floorUntil(rules, state.me)}`, () => [words(ui.youHaveFloor(floorUntil(rules, state.me)))]);
      else showPrivate(state, key, name);
      return true;
    },
  };

  /** Shows an owner that the room is quiet, and whose hand was first. */
  function showOwner({ key, name: room, rules }) {
    const raised = rules.hands ?? [];
    isTold = key === handsKey && raised.length > 0;
    if (isTold) {
      const isNew = ([user]) => !handsShown.some(([other]) => other === user);
      for (const [user, word] of raised.filter(isNew)) say(sentence({ cause: 'hand_raised', user, word }));
    }
    handsShown = raised;
    handsKey = key;
    const [first] = raised;
    // A second Enter behind the last hand must not end the quiet.
    const end = () => button(ui.everyoneWrites, () => act({ type: 'quiet', room, mode: 'off' }), { 'data-passes-focus': true });
    const give = (user) => button(ui.giveFloor(user), () => dispatch({ type: 'act', kind: 'floor', object: { type: 'floor', room, to: user } }), { class: 'main' });
    if (first) {
      const [user, text] = first;
      const count = raised.length + (rules.more_hands ?? 0);
      block.show(JSON.stringify([raised, count, rules.quiet]), () => [words(`${ui.hands(count)}: ${user}${isHandText(text) ? ` – ${text}` : ''}`), actions(give(user), rules.quiet && end())]);
    } else block.show(rules.quiet ? 'owner quiet' : '', () => [words(ui.quietForOthers), end()]);
  }

  function removedNodes({ removed, rules, name, key }, me) {
    const back = button(ui.goToLobby, () => dispatch({ type: 'open', key: 'lobby' }));
    if (removed.cause === 'invited' || removed.cause === 'enter') return [words(ui.removed(removed)), button(ui.enter, () => dispatch({ type: 'open', key, name })), back];
    if (removed.cause !== 'key_needed') {
      return [words(ui.removed({ room: name, owners: rules?.owners, ...removed })), mayReturn(removed, rules, me) ? button(ui.joinAgain, () => dispatch({ type: 'open', key, name })) : null, key === 'lobby' ? null : back].filter(Boolean);
    }
    const input = h('input', { 'aria-label': ui.keyWord, placeholder: ui.keyWord, autocomplete: 'off' });
    const enter = (event) => {
      event.preventDefault();
      if (input.value.trim()) dispatch({ type: 'open', key, name, door: input.value.trim() });
    };
    return [words(ui.keyNeeded(name)), h('form', { class: 'inline', onsubmit: enter }, input, h('button', { type: 'submit' }, ui.enter)), back];
  }

  function showPrivate(state, key, name) {
    const open = state.privates[key];
    if (open === 'asked') block.show('asked', () => [words(ui.privateAsks(name)), button(ui.accept, () => act({ type: 'accept', to: name })), button(ui.reject, () => act({ type: 'reject', to: name }))]);
    else if (open === 'open') block.show(`open ${name}`, () => [words(ui.privateOpen(name)), button(ui.endPrivate, () => act({ type: 'end', to: name }))]);
    else block.show('');
  }
}
