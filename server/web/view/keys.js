// Keys for the whole page: F6 changes the region, Ctrl-K searches, Alt with arrows goes to unread rooms.

import { nextUnread } from '../model/order.js';

export function createKeys({ log, input, header, rooms, people, state, open, search, hasLayers }) {
  const regions = () => [header.querySelector('button:not([hidden])'), rooms.querySelector('a, button'), log, input, people.querySelector('button')].filter((each) => each?.isConnected && each.offsetParent !== null);
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

