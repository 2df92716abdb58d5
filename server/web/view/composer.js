// The field at the bottom: drafts, completion, Enter, and why the user cannot write.

import { randomHex } from '../browser.js';
import { editable } from '../model/items.js';
import { complete, expandEmoji } from '../model/writing.js';
import { ui } from '../strings.js';
import { button, h, icon, isTouch, setShown, setText } from './dom.js';

/**
 * @param {{dispatch: (event: object) => void, limits: {message_chars: number, message_lines: number}, state: () => object, sent: () => void}} options
 */
export function createComposer({ dispatch, limits, state, sent }) {
  const input = h('textarea', { rows: '1', id: 'write', 'aria-autocomplete': 'list', 'aria-describedby': 'write-problem', oninput, onkeydown, onblur: () => setTimeout(closeList, 150) });
  const label = h('label', { class: 'sr', for: 'write' });
  const list = h('div', { class: 'completions', role: 'listbox', id: 'completions', 'aria-label': ui.completions, hidden: true });
  const problem = h('p', { class: 'error', id: 'write-problem', role: 'alert' });
  const send = h('button', { type: 'submit', class: 'main send', 'aria-label': ui.send, title: ui.send, onpointerdown: (event) => event.preventDefault() }, icon('send'));
  const editing = h('div', { class: 'editing', hidden: true }, ui.editing, button(ui.cancel, () => stopEditing()));
  const element = h('form', { class: 'composer', onsubmit }, editing, list, problem, h('div', { class: 'composer-row' }, label, input, send));
  let key = null;
  let edited = null;
  let options = null;
  let chosen = 0;

  function resize() {
    input.style.height = 'auto';
    input.style.height = `${Math.min(input.scrollHeight + 2, 6 * 24 + 22)}px`;
  }

  /** Returns why the text is too long, or an empty text. */
  function lengthProblem() {
    const text = input.value.trim();
    const over = [...text].length - limits.message_chars;
    if (over > 0) return ui.tooLong(over);
    return text.split('\n').length > limits.message_lines ? ui.tooManyLines(limits.message_lines) : '';
  }

  function oninput() {
    resize();
    setText(problem, lengthProblem());
    if (!edited) dispatch({ type: 'draft', key, text: input.value });
    openList(false);
  }

  function onkeydown(event) {
    if (event.isComposing) return;
    if (!list.hidden && moveInList(event)) return event.preventDefault();
    if (event.key === 'Enter' && !event.shiftKey && (!isTouch() || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return submit();
    }
    if (event.key === 'Tab' && !event.shiftKey && openList(true)) {
      if (options.options.length === 1) accept();
      return event.preventDefault();
    }
    if (event.key === 'Escape' && edited) {
      event.preventDefault();
      stopEditing();
    }
    if (event.key === 'ArrowUp' && !input.value && !edited) editNewest(event);
    return undefined;
  }

  /** Lets the user change the newest own message. */
  function editNewest(event) {
    const own = editable(state().conversations[key], Date.now());
    if (!own) return;
    event.preventDefault();
    startEditing(own);
  }

  function moveInList(event) {
    const count = options.options.length;
    const isComplete = input.value.slice(options.from, options.to) === options.options[chosen].insert.trim();
    if (event.key === 'Enter' && isComplete) {
      closeList();
      return false;
    }
    if (event.key === 'ArrowDown') chosen = (chosen + 1) % count;
    else if (event.key === 'ArrowUp') chosen = (chosen + count - 1) % count;
    else if (event.key === 'Tab' || event.key === 'Enter') {
      accept();
      return true;
    } else if (event.key === 'Escape') {
      closeList();
      return true;
    } else return false;
    showList();
    return true;
  }

  function openList(byTab) {
    const conversation = state().conversations[key];
    const people = conversation.kind === 'room' ? conversation.people ?? [] : state().users ?? [];
    const spoken = conversation.items.filter((item) => item.kind === 'message').map((item) => item.user).reverse();
    const known = [...new Set([...spoken, ...people])].filter((name) => name.toLowerCase() !== state().me.toLowerCase() && !name.includes(' '));
    options = input.selectionStart === input.selectionEnd ? complete(input.value, input.selectionStart, known, byTab) : null;
    chosen = 0;
    if (options) showList();
    else closeList();
    return options !== null;
  }

  function showList() {
    setShown(list, true);
    list.replaceChildren(...options.options.map((option, index) => h('div', {
      role: 'option', id: `option-${index}`, 'aria-selected': index === chosen ? 'true' : 'false',
      onpointerdown(event) {
        event.preventDefault();
        chosen = index;
        accept();
      },
    }, option.label)));
    input.setAttribute('aria-controls', 'completions');
    input.setAttribute('aria-activedescendant', `option-${chosen}`);
  }

  function closeList() {
    setShown(list, false);
    input.removeAttribute('aria-activedescendant');
    input.removeAttribute('aria-controls');
  }

  function accept() {
    const { from, to } = options;
    input.setRangeText(options.options[chosen].insert, from, to, 'end');
    closeList();
    resize();
    if (!edited) dispatch({ type: 'draft', key, text: input.value });
  }

  function onsubmit(event) {
    event.preventDefault();
    submit();
  }

  function submit() {
    const text = expandEmoji(input.value).replace(/\s+$/, '');
    if (!text.trim() || lengthProblem() || send.disabled) return;
    if (edited) {
      if (text !== edited.text) dispatch({ type: 'edit', key, id: edited.id, text, nonce: randomHex(16) });
      stopEditing();
      return;
    }
    setValue('');
    dispatch({ type: 'draft', key, text: '' });
    dispatch({ type: 'submit', key, text, nonce: randomHex(16) });
    sent();
  }

  function setValue(text) {
    input.value = text;
    setText(problem, '');
    closeList();
    resize();
  }

  function startEditing(item) {
    edited = item;
    setShown(editing, true);
    setValue(item.text);
    input.focus();
  }

  function stopEditing() {
    edited = null;
    setShown(editing, false);
    setValue(state().drafts[key] ?? '');
  }

  /** Shows or hides the field. The bar above holds the focus meanwhile: a key pressed there does nothing. */
  function show(canWrite, takesFocus) {
    const hadFocus = element.contains(document.activeElement);
    setShown(element, canWrite);
    if (canWrite && takesFocus) input.focus();
    else if (hadFocus) element.previousElementSibling.focus();
  }

  return {
    element,
    input,
    startEditing,
    /** Puts a text at the cursor, for example a mention. */
    insert(text) {
      input.setRangeText(text, input.selectionStart, input.selectionEnd, 'end');
      oninput();
      input.focus();
    },
    /** `takesFocus`: the bar in the place of the field has it. */
    update(current, { canWrite, takesFocus, busySeconds }) {
      const conversation = current.conversations[current.current];
      if (conversation.key !== key) {
        key = conversation.key;
        edited = null;
        setShown(editing, false);
        setValue(current.drafts[key] ?? '');
        const name = conversation.kind === 'all' ? ui.everyone : conversation.name;
        setText(label, ui.write(name));
        input.placeholder = ui.write(name);
      }
      if (element.hidden === canWrite) show(canWrite, takesFocus);
      else if (canWrite && takesFocus && document.activeElement === document.body && !isTouch()) input.focus();
      send.disabled = busySeconds > 0;
      const title = busySeconds > 0 ? ui.sendsIn(busySeconds) : ui.send;
      if (send.title !== title) {
        send.title = title;
        send.setAttribute('aria-label', title);
        send.replaceChildren(busySeconds > 0 ? h('span', { class: 'countdown' }, title) : icon('send'));
      }
    },
  };
}
