// How the page tells of news: the hidden status for screen readers, the title, the badge, a sound.

import { browserStore } from '../browser.js';
import { ui } from '../strings.js';
import { h } from './dom.js';

/** News of this time are announced together, in milliseconds. */
const GATHER_MS = 900;

export function createAnnouncer({ facts, accent }) {
  const element = h('div', { class: 'sr', role: 'status', 'aria-atomic': 'false' });
  const iconLink = document.getElementById('icon');
  let news = [];
  let timer = 0;
  let badge = null;
  let audio = null;

  function speak() {
    timer = 0;
    const common = news.filter((each) => each.isCommon);
    const lines = common.length > 1 ? [ui.newMessages(common.length), ...news.filter((each) => !each.isCommon).map((each) => each.line)] : news.map((each) => each.line);
    element.replaceChildren(...lines.map((line) => h('p', {}, line)));
    news = [];
  }

  function add(line, isCommon) {
    news.push({ line, isCommon });
    timer ||= setTimeout(speak, GATHER_MS);
  }

  /** Draws the icon of the page: the first letter of the server, and a dot for news. */
  function draw(count) {
    if (count === badge) return;
    badge = count;
    const dot = count ? `<circle cx='24' cy='8' r='8' fill='%23d33'/>` : '';
    const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect y='2' width='30' height='28' rx='7' fill='${accent.replace('#', '%23')}'/><path d='M7 11h16M7 17h16M7 23h9' stroke='white' stroke-width='2.500'/>${dot}</svg>`;
    iconLink?.setAttribute('href', `data:image/svg+xml,${svg.replaceAll('<', '%3C').replaceAll('>', '%3E')}`);
  }

  return {
    element,
    /** A message has come that the user should know of. In a burst, only a private line or a mention is read by itself. */
    heard({ user, text }, way, hasSound) {
      add((way === 'private' ? ui.heardPrivate : way === 'mention' ? ui.heardMention : ui.heard)(user, text), !way);
      if (way && document.hidden && hasSound) ring();
    },
    /** Reads a sentence of the page. */
    say(text) {
      add(text, false);
    },
    update(state) {
      const all = Object.values(state.conversations);
      const urgent = all.reduce((sum, each) => sum + (each.kind === 'user' ? each.unread : each.mentions), 0);
      const unread = all.some((each) => each.unread);
      const current = state.conversations[state.current];
      const place = state.phase === 'in' ? `${current?.kind === 'all' ? ui.everyone : current?.name} · ${facts.name}` : facts.name;
      const title = `${urgent ? `(${urgent}) ` : unread ? '• ' : ''}${place}`;
      if (document.title !== title) document.title = title;
      draw(urgent || unread ? 1 : 0);
    },
  };

  function ring() {
    try {
      audio ??= new AudioContext();
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      volume.gain.setValueAtTime(0.08, audio.currentTime);
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.3);
      tone.frequency.value = 660;
      tone.connect(volume).connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + 0.3);
      navigator.vibrate?.(60);
    } catch {
      // Browsers refuse sound before the first touch.
    }
  }
}

// Light or dark: as the system, unless the user chose one.

const THEMES = ['system', 'light', 'dark'];
const NAMES = { system: ui.themeSystem, light: ui.themeLight, dark: ui.themeDark };

export function createTheme() {
  let current = THEMES.includes(browserStore.get('theme')) ? browserStore.get('theme') : 'system';
  const apply = () => {
    if (current === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = current;
  };
  apply();
  return {
    label: () => ui.themeIs(NAMES[current]),
    next() {
      current = THEMES[(THEMES.indexOf(current) + 1) % THEMES.length];
      browserStore.set('theme', current);
      apply();
    },
    /** The accent of the server in the light theme, as a color. */
    accent: () => getComputedStyle(document.body).getPropertyValue('--accent-light').trim() || '#1a5fb4',
  };
}
