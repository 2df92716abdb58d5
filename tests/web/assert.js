// Assertions for the tests of the page's model, alike in a browser and in node.

const show = (value) => JSON.stringify(value, (_, each) => (each === undefined ? '(undefined)' : each));

/** Fails unless both values look the same as JSON. */
export function equal(actual, expected, what = '') {
  if (show(actual) !== show(expected)) throw new Error(`${what}\n  actual   ${show(actual)}\n  expected ${show(expected)}`);
}

/** Fails unless the condition holds. */
export function holds(condition, what = 'the condition holds') {
  if (!condition) throw new Error(`not so: ${what}`);
}
