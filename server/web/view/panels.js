// Dialogs of the page: search, the invite screen, help, the account, a user's profile.

import { isOwner } from '../model/room.js';
import { EVERYONE } from '../model/state.js';
import { moment, parseResult } from '../model/text.js';
import { sentence, ui } from '../strings.js';
import { button, copyText, field, h, iconButton, openDialog, setShown, setText } from './dom.js';
import { nameNode } from './list.js';

/** A panel with a title and a button that closes it. `update(state)` runs with each change of the state. */
export function openPanel(title, className, content, options = {}) {
  const close = iconButton('close', ui.close, () => layer.close());
  const header = h('div', { class: 'panel-header' }, h('h2', {}, h('bdi', {}, title)), close);
  const layer = openDialog({ label: title, class: `panel ${className}`, content: [header, ...content], ...options });
  return layer;
}

/** @param {{dispatch: Function, register: (update: Function) => () => void}} page */
export function openSearch({ dispatch, register, state }, words = '') {
  const input = h('input', { type: 'search', 'aria-label': ui.searchHint, placeholder: ui.searchHint, enterkeyhint: 'search', value: words });
  const results = h('ol', { class: 'results' });
  const note = h('p', { class: 'muted', role: 'status' });
  const more = button(ui.searchMore, () => dispatch({ type: 'search', words: state().search.words, more: true }), { hidden: true });
  const form = h('form', { class: 'inline', role: 'search', onsubmit(event) {
    event.preventDefault();
    const typed = input.value.trim();
    if (typed) dispatch({ type: 'search', words: typed });
  } }, input, h('button', { type: 'submit' }, ui.search));
  let shown = null;
  const unregister = register((current) => {
    const { search } = current;
    if (search === shown || !search) return;
    shown = search;
    results.replaceChildren(...search.results.map(resultRow));
    setText(note, search.problem ? sentence(search.problem) : search.busy ? ui.loading : search.results.length ? '' : ui.searchNone(search.words));
    setShown(more, search.more && !search.busy);
  });
  const layer = openPanel(ui.search, 'search', [form, note, results, more], { onclose() {
    unregister();
    dispatch({ type: 'end-search' });
  } });
  input.focus();
  if (words) form.requestSubmit();

  function resultRow(result) {
    const parts = parseResult(result.text).map((part) => (part.type === 'mention' ? h('mark', {}, part.text) : part.text));
    const place = result.key === EVERYONE ? ui.everyone : result.place;
    return h('li', {}, button(h('span', {}, h('span', { class: 'by' }, nameNode(result.user), h('span', { class: 'muted' }, ' ', h('bdi', {}, ui.inConversation(place)), ' · ', moment(result.at, Date.now()))), h('span', { class: 'text', dir: 'auto' }, ...parts)),
      () => layer.close(() => dispatch({ type: 'jump', key: result.key, id: result.id, name: place })), { class: 'result' }));
  }
}

/** The screen that invites others: for a projector. */
export function openInvite({ facts, state }) {
  const conversation = state().conversations[state().current];
  const room = conversation?.kind === 'room' ? conversation.name : 'lobby';
  const path = room === 'lobby' ? '' : `#${room}`;
  const address = `${location.host}/${path}`;
  const qr = h('img', { class: 'qr', src: `/qr.svg?room=${encodeURIComponent(room)}`, alt: ui.qrAlt(address) });
  const copy = button(ui.copyLink, () => copyText(location.origin + '/' + path).then(() => setText(copy, ui.copied)));
  const text = h('div', { class: 'invite-text' },
    h('p', { class: 'address' }, address),
    h('ol', { class: 'steps' }, ...ui.inviteSteps.map((step) => h('li', {}, step))),
    h('p', {}, ui.inviteTrouble),
    facts.port ? h('p', { class: 'muted' }, ui.inviteTerminal(location.hostname, facts.port)) : null,
    facts.key ? h('p', { class: 'muted key' }, `${ui.serverKey}: ${facts.key}`) : null,
    copy);
  openPanel(`${facts.name} · ${room}`, 'invite', [h('div', { class: 'invite-body' }, qr, text)]);
}

export function openHelp() {
  openPanel(ui.help, 'narrow', [
    h('ul', {}, ...ui.helpText.map((line) => h('li', {}, line))),
    h('dl', { class: 'keys' }, ...ui.shortcuts.flatMap(([keys, what]) => [h('dt', {}, h('kbd', {}, keys)), h('dd', {}, what)])),
  ]);
}

/** A form with one field and one button. */
export function oneField(label, action, run, properties = {}, hint = '') {
  const entry = field(label, properties, hint);
  const element = h('form', { class: 'inline', onsubmit(event) {
    event.preventDefault();
    run(entry.input.value.trim());
  } }, entry.element, h('button', { type: 'submit' }, action));
  return { ...entry, element };
}

/**
 * Shows the answers to the forms of a panel beside their fields.
 * @param {{register: Function, state: () => object}} page
 * @param {Object<string, {entry: object, old?: object, done: (event: object) => void}>} forms by name: the field, that of the
 *   present password, and what follows when the server did it
 */
export function showAnswers({ register, state }, forms) {
  let shown = state().answer;
  return register(({ answer }) => {
    if (answer === shown) return undefined;
    shown = answer;
    const form = answer && forms[answer.form];
    if (!form) return undefined;
    const isError = answer.event.type === 'error';
    const entry = answer.event.cause === 'wrong_old_password' ? form.old ?? form.entry : form.entry;
    for (const each of [form.entry, form.old]) each?.setError('');
    if (!isError) return form.done(answer.event);
    entry.setError(sentence({ name: entry.input.value, ...answer.event }));
    return entry.input.focus();
  });
}

/** The user's own account, name and absence. */
export function openAccount(page) {
  const { dispatch, state, facts } = page;
  const { account, me, encrypted, away: isAway } = state();
  const act = (object) => layer.close(() => dispatch({ type: 'act', object, kind: 'command' }));
  const fill = (form, object) => dispatch({ type: 'fill', form, object });
  const hint = encrypted ? ui.registerHint : `${ui.registerHint} ${ui.notEncrypted}`;
  const old = field(ui.oldPassword, { type: 'password', autocomplete: 'current-password' });
  const secret = field(account ? ui.newPassword : ui.password, { type: 'password', autocomplete: 'new-password' }, hint);
  const passwordForm = h('form', { onsubmit(event) {
    event.preventDefault();
    if (secret.input.value.length < 8) return secret.setError(sentence({ cause: 'password_length' }));
    return fill('password', account ? { type: 'password', old: old.input.value, new: secret.input.value } : { type: 'register', password: secret.input.value });
  } }, h('h3', {}, account ? ui.changePassword : ui.makeAccount), account ? old.element : null, secret.element, h('button', { type: 'submit', class: 'main' }, account ? ui.change : ui.makeAccount));
  const nick = account ? null : oneField(ui.newName, ui.change, (name) => name && fill('nick', { type: 'nick', to: name }), { value: me, maxlength: '24' });
  const away = oneField(ui.awayText, ui.away, (text) => text && act({ type: 'away', text }), { maxlength: '200' });
  const claim = oneField(ui.code, ui.claim, (token) => token && fill('claim', { type: 'claim', token }), {}, ui.claimHint);
  const blocked = state().blocked.length
    ? h('div', {}, h('h3', {}, ui.blockedUsers), ...state().blocked.map((user) => button(ui.unblock(user), () => act({ type: 'unblock', to: user }))))
    : null;
  const done = (event) => layer.close(() => dispatch({ type: 'notice', event }));
  const forms = { password: { entry: secret, old: account ? old : undefined, done }, claim: { entry: claim, done }, ...(nick ? { nick: { entry: nick, done } } : {}) };
  const unregister = showAnswers(page, forms);
  const parts = [facts.accounts === false ? null : passwordForm, claim.element, nick?.element, away.element, isAway !== false && button(ui.hereAgain, () => act({ type: 'away' })), blocked];
  const layer = openPanel(me, 'narrow', parts.filter(Boolean), { onclose: unregister });
}

/** Signs out. An owner without an account is asked first, since ownership ends with the session. */
export function signOut(page) {
  const { dispatch, state, facts } = page;
  const { account, conversations } = state();
  const leave = () => dispatch({ type: 'act', object: { type: 'quit' } });
  if (account || facts.accounts === false || !Object.values(conversations).some(isOwner)) return leave();
  const layer = openPanel(ui.signOut, 'narrow', [h('div', {}, h('p', {}, ui.ownerOnce),
    button(ui.makeAccount, () => layer.close(() => openAccount(page)), { class: 'main' }), button(ui.signOut, () => layer.close(leave)))]);
  return undefined;
}

/** What the server knows of a user. */
export function openProfile({ dispatch, register }, user) {
  const text = h('p', { class: 'text', dir: 'auto' }, ui.loading);
  const unregister = register((current) => {
    if (current.profile) setText(text, sentence(current.profile));
  });
  openPanel(user, 'narrow', [text], { onclose: unregister });
  dispatch({ type: 'whois', user });
}
