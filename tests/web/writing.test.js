// What the user writes: commands, completion, emoji.

import { EMOJI, commandWords, complete, expandEmoji, readCommand } from '/model/writing.js';
import { newConversation } from '/model/state.js';
import { equal, holds } from './assert.js';

const ops = newConversation('ops', 'ops');
const bob = newConversation('@bob', 'bob');
const read = (text, conversation = ops) => readCommand(text, conversation);
const object = (text) => read(text).object;
const labels = (...all) => complete(...all)?.options.map((option) => option.label) ?? null;
const accept = (text, people, byTab, index = 0) => {
  const found = complete(text, text.length, people, byTab);
  return found && text.slice(0, found.from) + found.options[index].insert + text.slice(found.to);
};

export const cases = Object.entries({
  'talk is talk'() {
    equal(read('hello'), { say: 'hello' });
    equal(read('//help'), { say: '/help' });
    equal(read('/ x'), { say: '/ x' });
    equal(read('join ops'), { say: 'join ops' });
  },
  'the room is filled in'() {
    equal(object('/kick bob too loud'), { type: 'kick', room: 'ops', to: 'bob', text: 'too loud' });
    equal(object('/kick bob'), { type: 'kick', room: 'ops', to: 'bob' });
    equal(object('/MUTE bob 5'), { type: 'mute', room: 'ops', to: 'bob', minutes: 5 });
    equal(object('/topic tea at five'), { type: 'topic', room: 'ops', text: 'tea at five' });
    equal(object('/topic'), { type: 'topic', room: 'ops' });
    equal(object('/floor'), { type: 'floor', room: 'ops' });
    equal(object('/floor bob 3'), { type: 'floor', room: 'ops', to: 'bob', minutes: 3 });
    equal(object('/slow 30'), { type: 'slow', room: 'ops', seconds: 30 });
    equal(object('/hand about\ntea'), { type: 'hand', room: 'ops', text: 'about\ntea' });
    equal(object('/transcript 123'), { type: 'transcript', room: 'ops', after: 123 });
    equal(object('/hooray'), { type: 'hooray', room: 'ops' });
  },
  'commands without a room work anywhere'() {
    equal(read('/rooms', bob).object, { type: 'rooms' });
    equal(read('/since 60', bob).object, { type: 'since', seconds: 60 });
    equal(read('/nick rob', undefined).object, { type: 'nick', to: 'rob' });
    equal(read('/private bob psst you', bob).object, { type: 'private', to: 'bob', text: 'psst you' });
    equal(read('/claim a-b-c').object, { type: 'claim', token: 'a-b-c' });
    equal(read('/doors closed').object, { type: 'doors', mode: 'closed' });
  },
  'commands of a room need one'() {
    for (const text of ['/rules', '/kick bob', '/delete', '/pin', '/leave', '/who']) equal(read(text, bob).problem?.cause, 'no_room_here', text);
    equal(read('/leave #ops', bob).object, { type: 'leave', room: 'ops' });
    equal(read('/who ops', bob).object, { type: 'who', room: 'ops' });
  },
  'wrong arguments are explained'() {
    equal(read('/kick').problem, { cause: 'usage', text: 'Usage: /kick TO [TEXT]' });
    equal(read('/slow x').problem, { cause: 'usage', text: 'Usage: /slow SECONDS' });
    equal(read('/unban').problem.cause, 'usage');
    equal(read('/ban').problem.cause, 'usage');
    equal(read('/ban bob x').problem.cause, 'usage');
    equal(read('/mute bob 5 6').problem.cause, 'usage');
    equal(read('/quit now').problem, { cause: 'usage', text: 'Usage: /quit' });
    for (const text of ['/join', '/say', '/me', '/all', '/pm']) equal(read(text).problem?.cause, 'usage', text);
  },
  'an unknown command is never said'() {
    equal(read('/shrug x').problem, { cause: 'unknown_command', command: 'shrug', text: 'Unknown command /shrug.' });
    equal(read('/constructor').problem?.cause, 'unknown_command');
    equal(read('/toString').problem?.cause, 'unknown_command');
  },
  'words of other programs'() {
    equal(object('/list'), { type: 'rooms' });
    equal(read('/msg bob hi'), { say: 'hi', to: '@bob', name: 'bob' });
    equal(read('/j Ops').open, { key: 'ops', name: 'Ops', door: undefined });
    equal(object('/q'), { type: 'quit' });
    equal(object('/ignore bob'), { type: 'block', to: 'bob' });
  },
  'commands that say something'() {
    equal(read('/say /x'), { say: '/x' });
    equal(read('/me waves'), { say: '/me waves' });
    equal(read('/all hear ye'), { say: 'hear ye', to: '*' });
    equal(read('/pm Bob hi\nthere'), { say: 'hi\nthere', to: '@bob', name: 'Bob' });
    equal(read('/pm Bob'), { open: { key: '@bob', name: 'Bob' } });
  },
  'rooms are entered'() {
    equal(read('/join #Ops/Deploy key'), { open: { key: 'ops/deploy', name: 'Ops/Deploy', door: 'key' } });
    equal(object('/leave'), { type: 'leave', room: 'ops' });
    equal(object('/who'), { type: 'who', room: 'ops' });
    equal(object('/who #lobby'), { type: 'who', room: 'lobby' });
  },
  'messages are named by id or user'() {
    equal(object('/delete'), { type: 'delete', room: 'ops' });
    equal(object('/delete 1795271000123'), { type: 'delete', room: 'ops', id: 1795271000123 });
    equal(object('/delete bob'), { type: 'delete', room: 'ops', to: 'bob' });
    equal(object('/delete bob 5'), { type: 'delete', room: 'ops', to: 'bob', minutes: 5 });
    equal(object('/delete 12345'), { type: 'delete', room: 'ops', to: '12345' });
    equal(object('/delete 123456'), { type: 'delete', room: 'ops', id: 123456 });
    equal(object('/pin bob'), { type: 'pin', room: 'ops', to: 'bob' });
  },
  'bans hold here or everywhere'() {
    equal(object('/ban bob'), { type: 'ban', room: 'ops', to: 'bob' });
    equal(object('/ban bob 5'), { type: 'ban', room: 'ops', to: 'bob', minutes: 5 });
    equal(object('/ban bob everywhere'), { type: 'ban', everywhere: true, to: 'bob' });
    equal(object('/ban bob 5 Everywhere'), { type: 'ban', everywhere: true, to: 'bob', minutes: 5 });
    equal(object('/unban bob'), { type: 'unban', room: 'ops', to: 'bob' });
    equal(object('/unban bob everywhere'), { type: 'unban', everywhere: true, to: 'bob' });
    equal(read('/ban bob', bob).problem?.cause, 'no_room_here');
    equal(read('/unban bob', bob).problem?.cause, 'no_room_here');
    equal(read('/ban bob everywhere', bob).object, { type: 'ban', everywhere: true, to: 'bob' });
  },
  'some commands open a view'() {
    equal(read('/search tea time'), { view: 'search', argument: 'tea time' });
    equal([read('/history').view, read('/register').view, read('/password').view], ['history', 'account', 'account']);
  },
  'names complete behind @'() {
    equal(labels('hi @al', 6, ['alice', 'bob', 'Albert']), ['alice', 'Albert']);
    equal(accept('hi @AL', ['alice']), 'hi @alice ');
    equal(accept('(@al', ['alice']), '(@alice ');
    equal(labels('@', 1, ['alice', 'bob']), ['alice', 'bob']);
    equal(labels('mail@al', 7, ['alice']), null);
    equal(labels('hi @x', 5, ['alice']), null);
    equal(complete('@al and more', 3, ['alice']), { from: 0, to: 3, options: [{ label: 'alice', insert: '@alice ' }] });
  },
  'names complete by Tab'() {
    equal(accept('al', ['alice'], true), 'alice: ');
    equal(accept('hi al', ['alice'], true), 'hi alice ');
    equal(labels('al', 2, ['alice'], false), null);
    equal(labels('al ', 3, ['alice'], true), null);
    equal(accept('@al', ['alice'], true), '@alice ');
    equal(labels('zz', 2, ['alice'], true), null);
  },
  'at most six names are offered': () => equal(labels('@a', 2, Array.from({ length: 9 }, (_, index) => `a${index}`)).length, 6),
  'emoji complete behind a colon'() {
    equal(labels('so :tad', 7, []), ['🎉 :tada:']);
    equal(accept('so :tad', []), 'so 🎉 ');
    equal(labels(':t', 2, []), null);
    equal(labels('a:tada', 6, []), null);
    equal(labels(':heart', 6, [])[0], '❤️ :heart:', 'beginnings first');
    holds(labels(':HEART', 6, []).some((label) => label.includes('broken') || label.includes('orange')), 'inside, in any case');
  },
  'commands complete behind a slash'() {
    equal(labels('/to', 3, []), ['/topic']);
    equal(accept('/TO', []), '/topic ');
    equal(labels('a /to', 5, []), null);
    holds(commandWords().includes('join') && commandWords().includes('kick'), 'all words');
    equal(commandWords(), [...commandWords()].sort());
    equal(new Set(commandWords()).size, commandWords().length);
  },
  'emoji names become characters'() {
    equal(expandEmoji('nice :tada: and :+1:'), 'nice 🎉 and 👍');
    equal(expandEmoji('12:tada:30'), '12:tada:30');
    equal(expandEmoji('a:tada:'), 'a:tada:');
    equal(expandEmoji(':tada:a'), ':tada:a');
    equal(expandEmoji(':nothing: :constructor:'), ':nothing: :constructor:');
    equal(expandEmoji('`:tada:` ```\n:tada:\n``` :tada:'), '`:tada:` ```\n:tada:\n``` 🎉');
    equal(expandEmoji('``` :tada:'), '``` :tada:');
    holds(Object.keys(EMOJI).length >= 150, 'a table of 150');
  },
});
