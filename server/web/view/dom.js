// Small helpers for the DOM. Text reaches the page only as text nodes.

/**
 * Makes an element. A property that begins with `on` is a listener; `class`, `data-…`, `aria-…` and others are attributes.
 * @param {string} tag
 * @param {object} properties
 * @param {...(Node|string|null|false|undefined)} children
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value == null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

/** A button that submits nothing. */
export const button = (label, onclick, properties = {}) => h('button', { type: 'button', onclick, ...properties }, label);

const SVG = 'http://www.w3.org/2000/svg';
const PATHS = {
  menu: 'M3 6h18M3 12h18M3 18h18', search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L21 21',
  people: 'M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 20c0-3.5 3-5.5 6.5-5.5s6.5 2 6.5 5.5M16 5.5a3.3 3.3 0 0 1 0 6.3M18 15c2 .8 3.5 2.500 3.500 5',
  qr: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2', close: 'M5 5l14 14M19 5L5 19',
  more: 'M5 12h.01M12 12h.01M19 12h.01', send: 'M4 12l16-8-6 16-3-7zM11 13l9-9', down: 'M12 5v14M6 13l6 6 6-6', plus: 'M12 5v14M5 12h14',
};

/** An icon, drawn with the color of its text. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows only an icon. */
export const iconButton = (name, label, onclick, properties = {}) =>
  h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick, ...properties }, icon(name));

/** Replaces the children, unless they are the same text already. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows or hides an element. */
export function setShown(element, isShown) {
  if (element.hidden === isShown) element.hidden = !isShown;
}

/**
 * Changes a list to these rows and leaves alone what looks the same, so that a row stays under the finger.
 * @param {HTMLElement} list
 * @param {{key: string, mark: string, make: () => HTMLElement}[]} rows `mark` tells one look of a row from another
 */
export function syncRows(list, rows) {
  const old = new Map([...list.children].map((each) => [each.dataset.key, each]));
  let next = list.firstElementChild;
  for (const { key, mark, make } of rows) {
    const present = old.get(key);
    const stays = present?.dataset.mark === mark;
    const element = stays ? present : make();
    if (!stays) Object.assign(element.dataset, { key, mark });
    if (present && !stays) {
      const hadFocus = present.contains(document.activeElement);
      if (next === present) next = element;
      present.replaceWith(element);
      if (hadFocus) element.querySelector('a, button')?.focus({ preventScroll: true });
    }
    if (element === next) next = element.nextElementSibling;
    else list.insertBefore(element, next);
    old.delete(key);
  }
  for (const element of old.values()) element.remove();
}

let numbers = 0;
/** A field with its label above and its hint and error below, tied together for screen readers. */
export function field(label, properties = {}, hint = '') {
  numbers += 1;
  const id = `field-${numbers}`;
  const input = h('input', { id, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', ...properties });
  const hintLine = h('p', { class: 'hint', id: `${id}-hint`, hidden: !hint }, hint);
  const error = h('p', { class: 'error', id: `${id}-error`, role: 'alert' });
  input.setAttribute('aria-describedby', `${id}-hint ${id}-error`);
  const element = h('div', { class: 'field' }, h('label', { for: id }, label), input, hintLine, error);
  return {
    element, input,
    setError(text) {
      setText(error, text);
      input.setAttribute('aria-invalid', text ? 'true' : 'false');
    },
  };
}

/** Copies a text, also where browsers offer no clipboard: on plain http. */
export function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = h('textarea', { class: 'sr', 'aria-hidden': 'true', tabindex: '-1' });
  area.value = text;
  const host = document.querySelector('dialog[open]:last-of-type') ?? document.body;
  const focused = document.activeElement;
  host.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
  focused?.focus?.();
  return Promise.resolve();
}

// Layers above the page: drawers, menus, dialogs. Each pushes a history entry, so Back closes it and not the chat.

/** @type {{close: () => void, then: (() => void)|null}[]} */
const layers = [];

let closesLayer = false;

window.addEventListener('popstate', (event) => {
  const depth = event.state?.layer ?? 0;
  closesLayer = layers.length > depth;
  const closed = layers.splice(depth).reverse();
  for (const layer of closed) layer.close();
  // What follows may open a layer of its own.
  for (const layer of closed) layer.then?.();
});

function push(close) {
  const layer = { close, then: null };
  layers.push(layer);
  history.pushState({ layer: layers.length }, '');
  return layer;
}

/** Closes a layer and those above it, then runs `then`. */
function pop(layer, then) {
  const depth = layers.indexOf(layer);
  if (depth < 0) return;
  layer.then = then ?? null;
  history.go(depth - layers.length);
}

/** Tells whether the last step back closed a layer, and was no link to a room. */
export const closedLayer = () => closesLayer;
/** Tells whether a layer is open. */
export const hasLayers = () => layers.length > 0;

/**
 * Opens a dialog.
 * @param {{label: string, class: string, content: Node[], element?: HTMLDialogElement, onclose?: () => void}} options
 * @returns {{element: HTMLDialogElement, close: (then?: () => void) => void}}
 */
export function openDialog({ label, class: className, content, onclose }) {
  const element = h('dialog', { class: className, 'aria-label': label }, ...content);
  const opener = document.activeElement;
  const layer = push(() => {
    element.close();
    element.remove();
    onclose?.();
    // Chromium gives the focus back without its cursor: take the focus once more.
    document.activeElement?.blur();
    const opensKeyboard = isTouch() && opener?.matches('textarea, input');
    if (opener?.isConnected && !opensKeyboard) opener.focus({ preventScroll: true });
  });
  const close = (then) => pop(layer, then);
  element.addEventListener('cancel', (event) => {
    event.preventDefault();
    close();
  });
  element.addEventListener('click', (event) => {
    if (event.target === element) close();
  });
  document.body.append(element);
  element.showModal();
  return { element, close };
}

// The visible height of the page. Safari does not shrink the page for the keyboard, so the page follows the visual viewport.

/** Below this height, as above a keyboard, the topic and the pin leave their room to the messages. */
const LOW_PX = 480;

export function followViewport() {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const root = document.documentElement;
  const update = () => {
    if (viewport.scale > 1.05) return;
    root.style.setProperty('--h', `${Math.round(viewport.height)}px`);
    root.classList.toggle('low', viewport.height < LOW_PX);
    root.style.setProperty('--top', `${Math.round(viewport.offsetTop)}px`);
  };
  viewport.addEventListener('resize', update);
  viewport.addEventListener('scroll', update);
  update();
}

/** Tells whether the main pointer is a finger: Enter makes a line there. */
export const isTouch = () => window.matchMedia('(pointer: coarse)').matches;
