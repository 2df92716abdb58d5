// Runs the tests of the page's model with node: `node tests/web/run.mjs [FILE…]`. The suite runs the same files in a browser,
// with those that need a document.

import { readdirSync, readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

const web = process.env.WEB ?? new URL('../../server/web', import.meta.url).href;
register(`data:text/javascript,${encodeURIComponent(`
  export const resolve = (name, context, next) => next(/^\\/(model|strings)/.test(name) ? ${JSON.stringify(web)} + name : name, context);
  export const load = (url, context, next) => next(url, url.endsWith('.js') ? { ...context, format: 'module' } : context);
`)}`);

const here = fileURLToPath(new URL('.', import.meta.url));
const files = process.argv.length > 2 ? process.argv.slice(2) : readdirSync(here).filter((name) => name.endsWith('.test.js') && !readFileSync(here + name, 'utf8').includes('document.'));
let failed = 0;
let count = 0;
for (const file of files) {
  const { cases } = await import(new URL(file, import.meta.url).href);
  for (const [name, run] of cases) {
    count += 1;
    try {
      await run();
    } catch (error) {
      failed += 1;
      console.log(`${file}: ${name}: ${error.message}`);
    }
  }
}
console.log(`${count} cases, ${failed} failed`);
process.exit(failed ? 1 : 0);
