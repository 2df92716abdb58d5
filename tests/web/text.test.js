// Texts: links, code, mentions, actions, times, accents.

import { ACCENTS, accentOf, actionOf, clock, copyOf, dayName, dayWord, daysBetween, isTall, mentions, moment, parseResult, parseText, safeLink, sameDay, shownText, span, splitLines } from '/model/text.js';
import { equal, holds } from './assert.js';

const parts = (text, me = 'alice') => parseText(text, me).map((part) => [part.type, part.text]);
const noon = new Date(2026, 10, 20, 12).getTime();
const HOUR = 3_600_000;

export const cases = Object.entries({
  'a plain text is one part': () => equal(parts('hello'), [['text', 'hello']]),
  'an empty text has no part': () => equal(parts(''), []),
  'a link ends before the punctuation of its sentence'() {
    equal(parts('see http://a.b/c, or https://d.e.'), [['text', 'see '], ['link', 'http://a.b/c'], ['text', ', or '], ['link', 'https://d.e'], ['text', '.']]);
    equal(parts('(http://a.b/c)'), [['text', '('], ['link', 'http://a.b/c'], ['text', ')']]);
    equal(parts('http://a.b/c_(d)'), [['link', 'http://a.b/c_(d)']]);
    equal(parts('http://a.b/x))'), [['link', 'http://a.b/x'], ['text', '))']]);
    equal(parts('«http://a.b»'), [['text', '«'], ['link', 'http://a.b'], ['text', '»']]);
  },
  'a link costs work by its length only'() {
    // Counts the characters that functions of strings hand over.
    let work = 0;
    const own = {};
    for (const name of ['slice', 'split', 'replace']) {
      own[name] = String.prototype[name];
      String.prototype[name] = function counted(...args) {
        const result = own[name].apply(this, args);
        work += typeof result === 'string' ? result.length : result.join('').length;
        return result;
      };
    }
    try {
      equal(parts(`http://a${')'.repeat(1990)}`)[0], ['link', 'http://a']);
      equal(parts(`http://a/${'.'.repeat(1989)}x`).length, 1);
    } finally {
      Object.assign(String.prototype, own);
    }
    holds(work < 100_000, `${work} characters`);
  },
  'punctuation and brackets end together': () => equal(parts('(see http://a.b/c.) (http://a.b/(c).)')
    .filter(([type]) => type === 'link'), [['link', 'http://a.b/c'], ['link', 'http://a.b/(c)']]),
  'only http and https become links'() {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'ftp://a.b/c', 'xhttp://a.b', 'http://', 'http://?']) {
      holds(!parts(text).some(([type]) => type === 'link'), text);
    }
    equal(safeLink('http://a.b'), 'http://a.b/');
    equal(safeLink('https://a.b/x'), 'https://a.b/x');
    equal([safeLink('javascript:alert(1)'), safeLink('nonsense'), safeLink('ftp://a.b'), safeLink('mailto:x@y.z')], [null, null, null, null]);
    equal(parseText('HTTPS://A.B/c', '')[0].href, 'https://a.b/c');
  },
  'a link with a user in front of its host is text'() {
    for (const text of ['http://google.com@evil.com/', 'http://a:b@evil.com', 'http://@evil.com', 'http:////google.com@evil.com', 'HTTPS://a%2f@evil.com/']) {
      equal(parts(text), [['text', text]]);
    }
    equal(parts('http://a.b/@alice')[0], ['link', 'http://a.b/@alice']);
  },
  'a link shows the host that its text hides'() {
    const hosts = (text) => parseText(text, '').filter((part) => part.type === 'link').map((part) => part.host);
    equal(hosts('http://a.b http://A.B:80/c https://a.b?x http://a.b#y http://[::1]:8080/'), [null, null, null, null, null]);
    equal(hosts('https://münchen.de/x http://ｇoogle.com/'), ['xn--mnchen-3ya.de', 'google.com']);
    equal(hosts('http://google.com∕evil.com/'), ['google.xn--comevil-ef0d.com']);
    equal(hosts('http://0x7f.1/ http:///evil.com http://a.b\\.good.com'), ['127.0.0.1', 'evil.com', 'a.b']);
  },
  'a link ends at quotes, brackets and backticks'() {
    equal(parts('<http://a.b>"http://c.d"'), [['text', '<'], ['link', 'http://a.b'], ['text', '>"'], ['link', 'http://c.d'], ['text', '"']]);
  },
  'a name in a link is no mention': () => equal(parts('http://alice.b/'), [['link', 'http://alice.b/']]),
  'a mention is the own name as a word, with or without @'() {
    equal(parts('hi @Alice and alice!'), [['text', 'hi '], ['mention', '@Alice'], ['text', ' and '], ['mention', 'alice'], ['text', '!']]);
    for (const text of ['malice', 'alice2', 'alice_b', 'alice-b', 'aliceé', 'bob']) holds(!mentions(text, 'alice'), text);
    for (const text of ['alice', '@ALICE', 'hi alice', 'alice: hi', '(alice)']) holds(mentions(text, 'alice'), text);
    equal(parts('alice @alice'), [['mention', 'alice'], ['text', ' '], ['mention', '@alice']]);
    holds(!mentions('hi', ''), 'no name');
    holds(!mentions('@', ''), 'no name');
    equal(parts('hi', ''), [['text', 'hi']]);
  },
  'a name with special letters is taken literally'() {
    holds(!mentions('axb', 'a.b'), 'dot');
    holds(mentions('a.b', 'a.b'), 'dot itself');
    holds(mentions('hi a-b', 'a-b'), 'dash');
  },
  'code between backticks': () => equal(parts('use `x + 1` now'), [['text', 'use '], ['code', 'x + 1'], ['text', ' now']]),
  'a backtick alone is text'() {
    equal(parts('a ` b'), [['text', 'a ` b']]);
    equal(parts('a `b\nc` d'), [['text', 'a `b\nc` d']]);
    equal(parts('``'), [['text', '``']]);
  },
  'nothing in code is a link or a mention': () => equal(parts('`http://a.b alice`'), [['code', 'http://a.b alice']]),
  'three backticks make a block'() {
    equal(parts('look:\n```\nlet x;\n  y\n```\nfine'), [['text', 'look:'], ['block', 'let x;\n  y'], ['text', 'fine']]);
    equal(parts('```js\nx\n```'), [['block', 'x']]);
    equal(parts('```x```'), [['block', 'x']]);
    equal(parts('```a```b```c```'), [['block', 'a'], ['text', 'b'], ['block', 'c']]);
    equal(parts('```\nhttp://a.b alice\n```'), [['block', 'http://a.b alice']]);
  },
  'a block keeps its blank lines but the first and the last end': () => equal(parts('```\n\na\n\n```'), [['block', '\na\n']]),
  'text beside a block keeps its other line ends'() {
    equal(parts('a\n\n```\nx\n```\n\nb'), [['text', 'a\n'], ['block', 'x'], ['text', '\nb']]);
    equal(parts('\na'), [['text', '\na']]);
    equal(parts('a\n'), [['text', 'a\n']]);
    equal(parts('```x```b\n'), [['block', 'x'], ['text', 'b\n']]);
  },
  'of several blank lines one is shown'() {
    equal(parts('hi\n\n\neve  08:40 AM'), [['text', 'hi\n\neve  08:40 AM']]);
    equal(parts('\n\n\na\n \u2800\n\u3164\n\u200b\u00ad\t\nb\nc\n\nd'), [['text', '\na\n \u2800\nb\nc\n\nd']]);
    equal(parts(`hi${' \u2800'.repeat(99)}eve  08:40 AM${' '.repeat(16)}.`), [['text', `hi${' '.repeat(16)}eve  08:40 AM${' '.repeat(16)}.`]], 'blanks');
    equal(parts('```\na\n\n\nb\n```'), [['block', 'a\n\n\nb']]);
  },
  'a text is split behind its first line'() {
    const split = (text) => splitLines(parseText(text, 'alice')).map((half) => half.map((part) => part.text));
    equal(split('one line'), [['one line'], []]);
    equal(split(''), [[], []]);
    equal(split('hi alice\nsend `x`\nnow'), [['hi ', 'alice'], ['send ', 'x', '\nnow']]);
    equal(split('\na'), [[], ['a']]);
    equal(split('a\n'), [['a'], []]);
    equal(split('look: ```x``` y'), [['look: '], ['x', ' y']]);
    equal(split('```x```\n* eve says'), [['x'], ['* eve says']]);
    equal(split('```x```'), [['x'], []]);
  },
  'a copy of code has no blanks and line ends at its ends'() {
    equal(copyOf('  a  \t\n\nb\u00a0\r\n\n  '), '  a\n\nb');
    equal(copyOf(' '.repeat(5)), '');
  },
  'an open block is text'() {
    equal(parts('a ```b'), [['text', 'a ```b']]);
    equal(parts('```a```b```c'), [['block', 'a'], ['text', 'b```c']]);
  },
  'a text has few blocks': () => equal(parts('```a'.repeat(499)).map(([type, text]) => [type, text.length]),
    [['block', 1], ['text', 1], ['block', 1], ['text', 1], ['block', 1], ['text', 1], ['block', 1], ['text', 1], ['text', 4 * 491]]),
  'a text of many lines is tall'() {
    equal(['a', 'a\n'.repeat(59), 'a'.repeat(2000), `${'a'.repeat(100)}\n`.repeat(19)].map(isTall), [false, false, false, false]);
    equal(['a\n'.repeat(60), 'a'.repeat(2300), '漢'.repeat(1200), `${'a'.repeat(100)}\n`.repeat(21)].map(isTall), [true, true, true, true]);
  },
  'a text is shown up to a bound'() {
    equal(shownText('a'.repeat(8000)).length, 8000);
    equal(shownText('a'.repeat(65_536)), `${'a'.repeat(8000)}…`);
  },
  'an empty block shows nothing': () => equal(parts('a``` \n```b'), [['text', 'a'], ['text', 'b']]),
  'an action is what a user does'() {
    equal([actionOf('/me waves'), actionOf('/ME waves\nback')], ['waves', 'waves\nback']);
    equal([actionOf('/me'), actionOf('/me '), actionOf('/me   '), actionOf('/meow x'), actionOf('x /me y'), actionOf('hi')], [null, null, null, null, null, null]);
    equal(actionOf('/me \nx'), '\nx');
  },
  'a search result marks what was found': () => equal(parseResult('a *b* c*d*'), [{ type: 'text', text: 'a ' }, { type: 'mention', text: 'b' }, { type: 'text', text: ' c' }, { type: 'mention', text: 'd' }]),
  'accents depend on the letters, not on their case'() {
    equal(accentOf('Alice'), accentOf('alice'));
    const all = new Set(Array.from({ length: 200 }, (_, index) => accentOf(`user${index}`)));
    equal([...all].sort(), Array.from({ length: ACCENTS }, (_, index) => index));
    equal(accentOf('alice'), 7, 'the hash stays the same');
    equal(accentOf('Room 12'), 5);
    holds(accentOf('ab') !== accentOf('ba') || accentOf('ac') !== accentOf('ca'), 'the order counts');
  },
  'days follow the calendar'() {
    holds(sameDay(noon, noon + 11 * HOUR), 'the evening');
    holds(!sameDay(noon, noon + 12 * HOUR), 'midnight');
    equal([daysBetween(noon, noon), daysBetween(noon, noon + 13 * HOUR), daysBetween(noon + 13 * HOUR, noon)], [0, 1, -1]);
    equal([dayWord(noon, noon), dayWord(noon - 24 * HOUR, noon), dayWord(noon - 48 * HOUR, noon), dayWord(noon + 24 * HOUR, noon)], ['today', 'yesterday', null, null]);
  },
  'a day of another year shows its year'() {
    holds(!dayName(noon, noon).includes('2026'), dayName(noon, noon));
    holds(dayName(noon, noon + 400 * 24 * HOUR).includes('2026'), 'the year');
  },
  'a moment of another day shows the day'() {
    equal(moment(noon, noon), clock(noon));
    holds(moment(noon, noon + 24 * HOUR).endsWith(clock(noon)) && moment(noon, noon + 24 * HOUR) !== clock(noon), 'day and time');
  },
  'time spans in words'() {
    equal([0, 0.2, 1, 47.1, 59, 60, 89, 90, 3540].map(span), ['1 s', '1 s', '1 s', '48 s', '59 s', '1 min', '1 min', '2 min', '59 min']);
    equal([3599, 3600, 7200, 7500, 43_200].map(span), ['1 h', '1 h', '2 h', '2 h 5 min', '12 h']);
  },
});
