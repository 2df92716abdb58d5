// The room: its topic and rules. Owners change them here; others read them.

import { isOwner } from '../model/room.js';
import { moment } from '../model/text.js';
import { sentence, ui } from '../strings.js';
import { button, h, setText } from './dom.js';
import { oneField, openPanel, showAnswers } from './panels.js';

const SLOW = [0, 5, 10, 30, 60, 300];

/** Opens the panel of the current room. */
export function openSettings(page) {
  const { dispatch, register, state } = page;
  const { key, name: room } = state().conversations[state().current];
  const body = h('div', { class: 'settings' });
  const act = (object) => dispatch({ type: 'act', key, object: object.type === 'doors' || object.type === 'whispers' || object.everywhere ? object : { room, ...object } });
  let shown = null;
  const invite = oneField(ui.inviteName, ui.invite, inviteUser, { 'data-focus': 'invite' });
  const invited = h('p', { class: 'hint', role: 'status' });
  const forgetAnswers = showAnswers(page, { invite: { entry: invite, done(event) {
    invite.input.value = '';
    setText(invited, sentence(event));
  } } });
  const leaveButton = () => button(ui.leave(room), () => layer.close(() => dispatch({ type: 'leave', key })), { class: 'danger', 'data-focus': 'leave' });
  const line = (label, value) => h('p', {}, h('span', { class: 'muted' }, `${label}: `), h('bdi', {}, value));
  const unregister = register((current) => {
    const conversation = current.conversations[key];
    const rules = conversation?.rules;
    if (!rules || rules === shown) return;
    shown = rules;
    const focused = body.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    body.replaceChildren(...(isOwner(conversation) ? ownerView(rules) : readerView(rules)), leaveButton());
    if (focused) body.querySelector(`[data-focus="${focused}"]`)?.focus();
  });
  const layer = openPanel(room, 'narrow', [body], { onclose() {
    unregister();
    forgetAnswers();
  } });
  dispatch({ type: 'rules', key });

  function inviteUser(to) {
    setText(invited, '');
    if (to) dispatch({ type: 'fill', form: 'invite', key, object: { type: 'invite', room, to } });
  }

  function readerView(rules) {
    return [
      rules.topic ? line(ui.topic, rules.topic) : null,
      line(ui.owners, rules.owners.join(', ') || ui.noOwners),
      rules.quiet ? h('p', {}, ui.quiet) : null,
      rules.slow ? line(ui.slowMode, ui.slowEach(rules.slow)) : null,
    ].filter(Boolean);
  }

  function toggle(label, isOn, run, focus) {
    const input = h('input', { type: 'checkbox', role: 'switch', checked: isOn, 'data-focus': focus, onchange: () => run(input.checked) });
    return h('label', { class: 'switch' }, h('span', {}, label), input);
  }

  function slowSelect(rules) {
    const values = SLOW.includes(rules.slow) ? SLOW : [...SLOW, rules.slow];
    const select = h('select', { 'data-focus': 'slow', 'aria-label': ui.slowMode, onchange: () => act({ type: 'slow', seconds: Number(select.value) }) },
      ...values.map((seconds) => h('option', { value: String(seconds), selected: seconds === rules.slow }, seconds ? ui.slowEach(seconds) : ui.slowOff)));
    for (const option of select.options) option.selected = Number(option.getAttribute('value')) === rules.slow;
    return h('label', { class: 'switch' }, h('span', {}, ui.slowMode), select);
  }

  function entries(title, users, label, run) {
    if (!users?.length) return [];
    return [h('h3', {}, title), ...users.map((user) => h('p', { class: 'entry' }, h('bdi', {}, user), button(label(user), () => run(user))))];
  }

  function ownerView(rules) {
    const raised = rules.hands ?? [];
    return [
      toggle(ui.ownersWrite, rules.quiet, (on) => act({ type: 'quiet', mode: on ? 'on' : 'off' }), 'quiet'),
      ...entries(ui.hands(raised.length + (rules.more_hands ?? 0)), raised.map(([user]) => user), () => ui.floor, (user) => act({ type: 'floor', to: user })),
      oneField(ui.topic, ui.setTopic, (text) => act({ type: 'topic', ...(text ? { text } : {}) }), { value: rules.topic ?? '', maxlength: '200', 'data-focus': 'topic' }).element,
      toggle(ui.byInvitation, !rules.open, (on) => act({ type: 'open', mode: on ? 'off' : 'on' }), 'open'),
      slowSelect(rules),
      oneField(rules.has_key ? ui.keySet : ui.keyWord, ui.setKey, (word) => act({ type: 'key', ...(word ? { key: word } : {}) }), { 'data-focus': 'key' }).element,
      rules.has_key ? button(ui.removeKey, () => act({ type: 'key' }), { 'data-focus': 'remove-key' }) : null,
      invite.element,
      invited,
      ...entries(ui.muted, rules.muted, () => ui.unmute, (to) => act({ type: 'unmute', to })),
      ...entries(ui.banned, rules.banned, ui.unban, (to) => act({ type: 'unban', to })),
      line(ui.owners, rules.owners.join(', ') || ui.noOwners),
      ...serverView(rules.server),
    ].filter(Boolean);
  }

  function serverView(server) {
    if (!server) return [];
    return [
      h('h3', {}, ui.thisServer),
      toggle(ui.doorsClose, server.doors_closed, (on) => act({ type: 'doors', mode: on ? 'closed' : 'open' }), 'doors'),
      toggle(ui.whispersOwners, server.whispers_owners, (on) => act({ type: 'whispers', mode: on ? 'owners' : 'all' }), 'whispers'),
      ...(server.banned ?? []).map(([user, seconds]) => h('p', { class: 'entry' }, h('bdi', {}, seconds ? `${user} (${moment(Date.now() + seconds * 1000, Date.now())})` : user), button(ui.unban(user), () => act({ type: 'unban', everywhere: true, to: user })))),
    ];
  }
}
