// Light or dark: as the system, unless the user chose one.

import { browserStore } from '../storage.js';
import { ui } from '../strings.js';

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
