// The model is pure: it loads and works without the elements of the page.

const MODULES = ['state', 'text', 'update'];

export const cases = MODULES.map((name) => [
  `${name} loads and leaves the document alone`,
  async () => {
    const before = document.documentElement.outerHTML;
    const module = await import(`/model/${name}.js`);
    if (Object.keys(module).length === 0) throw new Error('it exports nothing');
    if (document.documentElement.outerHTML !== before) throw new Error('it changed the document');
  },
]);
