// The first screen: one field and one button; accounts and passwords where they are needed.

import { readKey } from '../model/state.js';
import { sentence, ui } from '../strings.js';
import { button, field, h, setShown, setText } from './dom.js';

/** The field that a refusal belongs to. */
const FIELD_OF = {
  __proto__: null,
  wrong_password: 'password', locked: 'password', password_length: 'password', password_unusable: 'password', address_passwords: 'password',
  wrong_server_password: 'server', server_password_needed: 'server',
};

/** A server that is silent for this time is said to be, in milliseconds. */
const NO_ANSWER = 5000;

/**
 * @param {{facts: object, name: string, onjoin: (credentials: object) => void}} options
 */
export function createJoin({ facts, name, onjoin }) {
  let mode = 'guest';
  let room = 'lobby';
  let shown = null;
  let since = null;
  const names = { autocomplete: 'username', maxlength: '40', name: 'user', enterkeyhint: 'go', value: name };
  const user = field(ui.yourName, names, ui.nameHint);
  const password = field(ui.password, { type: 'password', autocomplete: 'current-password', name: 'password' }, facts.encrypted ? '' : ui.notEncrypted);
  const server = field(ui.serverPassword, { type: 'password', name: 'server-password' }, ui.serverPasswordHint + (facts.encrypted ? '' : ` ${ui.notEncrypted}`));
  const main = h('button', { type: 'submit', class: 'main' });
  const register = button(ui.register, () => submit('register'), { class: 'plain' });
  const toggle = button(ui.haveAccount, () => setMode(mode === 'guest' ? 'login' : 'guest'), { class: 'plain' });
  const general = h('p', { class: 'error', role: 'alert' });
  const signInLink = button(ui.signIn, () => setMode('login'), { class: 'plain', hidden: true });
  const form = h('form', { novalidate: true, onsubmit },
    user.element, signInLink, server.element, password.element, general, main, register, toggle);
  const count = h('p', { class: 'here' }, ui.here(facts.users ?? 0));
  const element = h('main', { class: 'join' }, h('div', { class: 'join-box' }, h('h1', {}, h('bdi', {}, facts.name)), count, form));
  setShown(server.element, facts.password);
  setMode('guest');

  function setMode(next) {
    mode = next;
    const hasPassword = mode === 'login';
    setShown(password.element, hasPassword);
    setShown(register, hasPassword);
    setShown(toggle, facts.accounts !== false);
    setShown(signInLink, false);
    user.setError('');
    setText(toggle, hasPassword ? ui.noAccount : ui.haveAccount);
    refreshButton();
    if (hasPassword && element.isConnected) (user.input.value ? password : user).input.focus();
  }

  function refreshButton(isJoining = false) {
    setText(main, isJoining ? ui.joining : mode === 'login' ? ui.signIn : ui.joinRoom(readKey(room).kind === 'room' ? room : 'lobby'));
    main.disabled = isJoining;
    register.disabled = isJoining;
  }

  function onsubmit(event) {
    event.preventDefault();
    submit(mode);
  }

  function submit(kind) {
    for (const each of [user, password, server]) each.setError('');
    setText(general, '');
    const typed = user.input.value.trim().normalize('NFC');
    if (!typed) return refuse(user, ui.nameMissing);
    if (kind !== 'guest' && !password.input.value) return refuse(password, ui.passwordMissing);
    if (facts.password && !server.input.value) return refuse(server, ui.passwordMissing);
    const credentials = { kind, user: typed };
    if (kind !== 'guest') credentials.password = password.input.value;
    if (facts.password) credentials.server_password = server.input.value;
    return onjoin(credentials);
  }

  function refuse(which, text) {
    which.setError(text);
    which.input.focus();
  }

  return {
    element,
    /** The form that the user needs: that of an account behind a session of one. */
    begin(state) {
      if (!user.input.value) user.input.value = state.me;
      setMode(state.account && facts.accounts !== false ? 'login' : 'guest');
    },
    /** Shows what the state says: the room, a refusal, that the page is joining. */
    update(state) {
      const known = state.conversations[state.current];
      room = known?.kind === 'room' ? known.name : state.current;
      const isJoining = state.phase === 'signing';
      refreshButton(isJoining);
      since = isJoining ? since ?? Date.now() : null;
      if (isJoining && state.link !== 'up' && Date.now() - since > NO_ANSWER) setText(general, ui.noAnswer(facts.name));
      else if (isJoining) setText(general, '');
      if (state.problem === shown) return undefined;
      shown = state.problem;
      if (!shown) return undefined;
      const problem = { ...shown, name: user.input.value.trim() };
      if (problem.cause === 'server_password_needed') {
        facts.password = true;
        setShown(server.element, true);
        return server.input.focus();
      }
      const which = { password, server }[FIELD_OF[problem.cause]];
      if (which && !which.element.hidden) refuse(which, sentence(problem));
      else if (FIELD_OF[problem.cause] || !/^(name|alias)_/.test(problem.cause ?? '')) setText(general, sentence(problem));
      else refuse(user, sentence(problem));
      setShown(signInLink, problem.cause === 'name_registered' && mode === 'guest');
      if (problem.cause === 'wrong_password') setShown(register, false);
      return undefined;
    },
    focus: () => (mode === 'login' && user.input.value ? password : user).input.focus(),
  };
}
