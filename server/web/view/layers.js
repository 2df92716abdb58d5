// Layers above the page: drawers, menus, dialogs. Each pushes a history entry, so Back closes it and not the chat.

import { h } from './dom.js';

/** @type {{close: () => void, then: (() => void)|null}[]} */
const layers = [];

window.addEventListener('popstate', (event) => {
  const depth = event.state?.layer ?? 0;
  while (layers.length > depth) {
    const layer = layers.pop();
    layer.close();
    layer.then?.();
  }
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
    if (opener?.isConnected) opener.focus({ preventScroll: true });
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
