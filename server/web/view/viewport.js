// The visible height of the page. Safari does not shrink the page for the keyboard, so the page follows the visual viewport.

export function followViewport() {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const root = document.documentElement;
  const update = () => {
    if (viewport.scale > 1.05) return;
    root.style.setProperty('--h', `${Math.round(viewport.height)}px`);
    root.style.setProperty('--top', `${Math.round(viewport.offsetTop)}px`);
  };
  viewport.addEventListener('resize', update);
  viewport.addEventListener('scroll', update);
  update();
}

/** Tells whether the main pointer is a finger: Enter makes a line there. */
export const isTouch = () => window.matchMedia('(pointer: coarse)').matches;
