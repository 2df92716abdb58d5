// Sentences: names stand apart from the words around them.

import { HAND, sentence, sentenceApart, ui } from '/strings.js';
import { equal } from './assert.js';

const apart = (name) => `\u2068${name}\u2069`;

export const cases = Object.entries({
  'names in sentences are set apart'() {
    equal(sentenceApart({ cause: 'user_muted', by: 'אבא', user: 'eve', seconds: 60 }), `${apart('אבא')} muted ${apart('eve')} for 1 min`);
    equal(sentenceApart({ event: 'renamed', user: 'a', to: 'b' }), `${apart('a')} is now ${apart('b')}`);
    equal(sentence({ event: 'renamed', user: 'a', to: 'b' }), 'a is now b');
    equal([ui.joined(['a', 'b'], 1), ui.left(['a'], 0), ui.joined([], 2)], [`${apart('a')}, ${apart('b')} and 1 more joined`, `${apart('a')} left`, '2 users joined']);
    equal(ui.deletedBy('a'), `Message deleted by ${apart('a')}.`);
  },
  'a name cannot end its own isolation': () => equal(sentenceApart({ event: 'renamed', user: 'a\u2069b', to: 'c' }), `${apart('ab')} is now ${apart('c')}`),
  'a raised hand without a question has none': () => equal(sentenceApart({ cause: 'hand_raised', user: 'a', word: HAND }), `${apart('a')} raises a hand`),
});
