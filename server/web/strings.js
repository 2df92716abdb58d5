// All wording of the page. Sentences about the server's events are keyed by their cause; an unknown one shows the server's text.

import { isRoomName, isUserName } from './model/state.js';
import { moment, span } from './model/text.js';

const plural = (count, one, many = one + 's') => `${count} ${count === 1 ? one : many}`;
const ordinal = (n) => `${n}${n % 100 >= 11 && n % 100 <= 13 ? 'th' : ['th', 'st', 'nd', 'rd'][n % 10] ?? 'th'}`;
/** Sets a name apart from the sentence around it: one from right to left would turn the words beside it. */
const apart = (name) => (typeof name === 'string' ? `\u2068${name.replace(/[\u2066-\u2069]/g, '')}\u2069` : name);
const names = (list, more = 0) => {
  const shown = list.slice(0, 5).map(apart);
  const rest = list.length - shown.length + more;
  if (rest) return shown.length ? `${shown.join(', ')} and ${rest} more` : plural(rest, 'user');
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
};
const forTime = (event) => (event.seconds ? ` for ${span(event.seconds)}` : '');
const until = (event) => (event.seconds ? ` until ${moment(Date.now() + event.seconds * 1000, Date.now())}` : '');
const because = (event) => (event.reason ? `: ${event.reason}` : '');

export const ui = {
  skip: 'Skip to the messages',
  // First screen
  here: (count) => (count === 0 ? 'No one is here yet.' : count === 1 ? '1 person is here.' : `${count} people are here.`),
  yourName: 'Your name',
  nameHint: 'Others see this name. No account needed.',
  joinRoom: (room) => `Join ${room}`,
  joining: 'Joining…',
  haveAccount: 'I have an account',
  noAccount: 'I have no account',
  password: 'Password',
  signIn: 'Sign in',
  register: 'Make an account of this name',
  registerHint: 'An account keeps your name and your messages. 8 to 72 characters.',
  serverPassword: 'Password of this server',
  serverPasswordHint: 'This server has a password. Ask whoever runs it.',
  notEncrypted: 'Not encrypted. Use no password from elsewhere.',
  nameMissing: 'Type a name first.',
  passwordMissing: 'Type the password.',
  serverKey: 'Key of this server',
  // Frame
  rooms: 'Rooms', people: 'People', search: 'Search', invite: 'Invite', menu: 'Menu', close: 'Close', more: 'More',
  roomMenu: (room) => `About ${room}`,
  peopleCount: (count) => plural(count, 'person', 'people'),
  peopleIn: (room) => `People in ${room}`,
  messagesIn: (room) => `Messages in ${room}`,
  messagesWith: (user) => `Messages with ${user}`,
  everyone: 'Everyone',
  everyoneHint: 'Messages to all users of this server.',
  otherRooms: 'Other rooms',
  conversations: 'People',
  openRoom: 'Open or make a room',
  roomName: 'Room',
  open: 'Open',
  roomLabel: (name, unread, mentions) => [name, unread && `${unread} unread`, mentions && plural(mentions, 'mention')].filter(Boolean).join(', '),
  morePeople: (count) => `and ${count} more`,
  ownerMark: 'owner', youMark: 'you', mutedMark: 'muted', blockedMark: 'blocked', handMark: 'hand up', floorMark: 'has the floor',
  // Messages
  today: 'Today', yesterday: 'Yesterday', newLine: 'New', edited: '(edited)',
  newPill: (count) => `${count} new`,
  toEnd: 'Newest messages',
  loading: 'Loading…',
  deletedBy: (by) => `Message deleted by ${apart(by)}.`,
  waiting: 'Waiting', sent: 'Sent',
  notSent: (reason) => `Not sent: ${reason}`,
  tryAgain: 'Try again', delete: 'Delete', copy: 'Copy', copied: 'Copied', edit: 'Edit', pin: 'Pin', unpin: 'Unpin',
  emptyRoom: 'No messages yet.',
  showQr: 'Show QR code',
  emptyPerson: (user, keeps) => `Messages with ${user}.${keeps ? ' The server stores them.' : ''}`,
  emptyPrivate: (user) => `Off the record with ${user}. The server stores nothing.`,
  showAll: 'Show all', unreadable: 'This cannot be shown.',
  noHistory: 'This server keeps no history.',
  beginning: (name) => `This is the beginning of ${name}.`,
  messageMenu: (user) => `Message of ${user}`,
  heard: (user, text) => `${user}: ${text}`, heardPrivate: (user, text) => `Private, ${user}: ${text}`, heardMention: (user, text) => `${user} mentions you: ${text}`,
  newMessages: (count) => `${count} new messages`,
  offTheRecord: 'off the record',
  // Composer
  write: (name) => `Write to ${name}`,
  send: 'Send', sendsIn: (seconds) => `Sends in ${Math.max(1, Math.ceil(seconds))} s`,
  tooLong: (count) => `${plural(count, 'character')} too many`,
  tooManyLines: (lines) => `At most ${lines} lines`,
  editing: 'Editing your message', cancel: 'Cancel', 
  completions: 'Completions',
  // States
  reconnecting: 'Reconnecting… Keep writing; your messages will be sent.',
  noAnswer: (server) => `${server} does not answer. Are you still on its Wi-Fi?`,
  tryNow: 'Try now',
  removed: (event) => event.cause === 'kicked_from_room' ? `${event.by} removed you from ${event.room}${because(event)}` : sentence(event),
  goToLobby: 'Go to lobby',
  ended: (event) => ENDED[event.cause]?.(event) ?? `You were removed${event.reason ? `: ${event.reason}` : '.'}`,
  joinAgain: 'Join again',
  quiet: 'Only owners can write now.', quietForOthers: 'Only owners and users with the floor write.', everyoneWrites: 'Let everyone write',
  raiseHand: 'Raise hand', lowerHand: 'Lower',
  youHaveFloor: (until) => `You have the floor${until ? ` until ${moment(until, Date.now())}` : until === null ? ' for one message' : ''}.`,
  handUp: (before) => `Your hand is up: ${ordinal(before + 1)} in line.`,
  mutedUntil: (by, until) => `${by ?? 'An owner'} muted you${until ? ` until ${until}` : ''}.`,
  secondTab: (server) => `${server} is open in another tab.`,
  useHere: 'Use it here',
  updated: 'This page was updated.',
  reload: 'Reload',
  topic: 'Topic', pinned: (user) => `Pinned, ${user}:`,
  hands: (count) => plural(count, 'raised hand'),
  giveFloor: (user) => `Give ${user} the floor`,
  privateAsks: (user) => `${user} asks for a chat off the record.`,
  accept: 'Accept', reject: 'Reject',
  privateOpen: (user) => `Off the record with ${user}.`,
  endPrivate: 'End it',
  ownedByGuest: 'You own this server only in this session.',
  // Menus
  messageUser: (user) => `Message ${user}`, block: (user) => `Block ${user}`, unblock: (user) => `Unblock ${user}`,
  mention: (user) => `Mention ${user}`, about: (user) => `About ${user}`, askPrivate: (user) => `Chat off the record with ${user}`,
  mute5: 'Mute for 5 min', mute60: 'Mute for 1 h', unmute: 'Unmute', remove: 'Remove from room', ban: 'Ban from room for 1 h', banAlways: 'Ban from room', banServer: 'Ban from server for 1 h', unban: (user) => `Lift ban of ${user}`,
  makeOwner: 'Make owner', takeOwner: 'Take ownership back', floor: 'Give the floor', floorBack: 'Take the floor back', deleteRecent: 'Delete messages of the last 10 min',
  closeServer: 'Close the server to newcomers', closeRoom: (room) => `Let only invited users into ${room}`,
  leave: (room) => `Leave ${room}`, closeConversation: 'Close',
  themeSystem: 'As the system', themeLight: 'Light', themeDark: 'Dark', themeIs: (name) => `Theme: ${name}`,
  sound: (on) => (on ? 'Sound: on' : 'Sound: off'),
  help: 'Help', account: 'Your account', makeAccount: 'Make an account', away: 'Set yourself away', hereAgain: 'Be here again', signOut: 'Sign out', ownerOnce: 'You are an owner only in this session. Make an account first?', claim: 'Become owner of the server',
  doorsClose: 'This server: no newcomers', whispersOwners: 'Guests write to owners only', 
  blockedUsers: 'Blocked users',
  // Room settings
  thisServer: 'This server', owners: 'Owners', noOwners: 'The owners of the server', setTopic: 'Set', ownersWrite: 'Only owners write', byInvitation: 'This room: by invitation only', slowMode: 'Slow mode', slowOff: 'Off', slowEach: (seconds) => `One message every ${span(seconds)}`, keyWord: 'Key word', keySet: 'A key word is set', setKey: 'Set', removeKey: 'Remove', inviteName: 'Invite a user', banned: 'Banned', muted: 'Muted', 
  // Search
  searchHint: 'Search your rooms and messages', searchMore: 'More results', searchNone: (words) => `Nothing found for “${words}”.`,
  inConversation: (place) => `in ${place}`,
  // Invite
  inviteSteps: ["Join this screen's Wi-Fi.", 'Scan, or type the address.'], inviteTrouble: 'Does not open? Turn off mobile data and VPN.', qrAlt: (address) => `QR code of ${address}`,
  inviteTerminal: (host, port) => `In a terminal: landline ${host}:${port}, or nc ${host} ${port}`,
  copyLink: 'Copy link',
  // Account
  oldPassword: 'Present password', newPassword: 'New password', changePassword: 'Change the password', newName: 'New name', change: 'Change', awayText: 'What to tell others', code: 'Code of the server', offline: 'You are not connected. Try again in a moment.',
  claimHint: 'The server prints the code when it starts.',
  keyNeeded: (room) => `${room} has a key word.`, enter: 'Enter',
  joined: (list, more) => `${names(list, more)} joined`, left: (list, more) => `${names(list, more)} left`,
  shortcuts: [['Enter', 'send (with a mouse; on touch the button)'], ['Shift+Enter', 'new line'], ['Ctrl+K', 'search'], ['Alt+↑ Alt+↓', 'previous and next unread room'], ['F6', 'next part of the page'], ['F6, Enter, ↑ ↓', 'go to the messages and choose one; Enter opens its menu'], ['Tab', 'complete a name, @name, :emoji:'], ['↑', 'edit your newest message in a room, in an empty field'], ['Esc', 'close; from a message, back to the field']],
  helpText: ['Write in the field below; others in the room see it at once.', 'The button ⋯ beside a message or a name shows what you can do with it.', 'The name of the room at the top shows its topic, its rules and its owners.', 'Three backticks (```) around several lines show them as code. Typed commands work, too: /help lists them.'],
};

/** The text of a raised hand without a question. */
export const HAND = '✋';
/** Tells whether a hand was raised with a question. Terminals write `(no text)` for none. */
export const isHandText = (text) => Boolean(text) && text !== HAND && text !== '(no text)';

const ENDED = {
  __proto__: null,
  goodbye: () => 'You signed out.',
  kicked: (e) => `You were removed${e.reason ? `: ${e.reason}` : '.'}`,
  banned: (e) => `You cannot join${until(e)}${because(e) || '.'}`,
  expelled: (e) => `You cannot join${until(e)}${because(e) || '.'}`,
  address_banned: () => 'This device cannot join.',
  idle: () => 'You were signed out, since you were silent for long.',
  password_reset: () => 'The operator of this server has set a new password for your account. Sign in with it.',
};

const nameBad = 'A name has only letters, digits, _ and -.';
/** Suggests a name with `mark` for blanks, if that makes it one. */
function suggestion(name, mark, fits) {
  const other = name?.trim().replace(/\s+/gu, mark);
  return other && other !== name && fits(other) ? ` Try ${other}.` : '';
}
/** A free spelling of a taken name, to suggest. */
const another = (name) => (/\d$/.test(name) ? name.replace(/\d+$/, (digits) => String(Number(digits) + 1)) : `${name}2`);

/** One sentence for each cause: `(event)` to text. */
const SENTENCES = {
  __proto__: null,
  offline: () => ui.offline,
  enter: (e) => `Enter ${e.room}?`,
  address_bad: () => 'The address of this page names no room.',
  left_before: () => 'you left before it was sent',
  no_room_here: () => 'Open a room first: this command is for a room.',
  // Sign-in
  name_taken: (e) => (e.name ? `${e.name} is taken, or looks like a taken name. Try ${another(e.name)}.` : 'That name is taken, or looks like a taken name.'),
  alias_taken: (e) => (e.name ? `${e.name} has an account, or looks like one that has. Try ${another(e.name)}.` : 'That name has an account.'),
  name_kept: (e) => `${e.user} is reserved${forTime(e)}: its last user may come back. Choose another name.`,
  name_registered: (e) => `${e.user} has an account. Sign in, or choose another name.`,
  name_reserved: () => 'That word cannot be a name. Choose another.',
  name_of_server: () => "That is the server's own name. Choose another.",
  name_bad: (e) => nameBad + suggestion(e.name, '_', isUserName), name_empty: () => nameBad,
  name_too_long: (e) => `That name is too long. At most ${e.count ?? 24} characters.`,
  wrong_password: () => 'Wrong name or password.',
  wrong_server_password: () => 'Wrong password.',
  server_password_needed: () => ui.serverPasswordHint,
  locked: (e) => `Too many tries. Wait ${span(e.seconds)}.`,
  address_passwords: (e) => `Too many tries. Wait ${span(e.seconds)}.`,
  address_sign_ins: (e) => `Too many sign-ins from this network. Wait ${span(e.seconds)}.`,
  address_accounts: (e) => `Too many new accounts from this network. Wait ${span(e.seconds)}.`,
  password_length: (e) => `A password needs ${e.count ?? 8} to 72 characters.`,
  already_here: () => 'This account is signed in already.',
  doors_closed: () => 'This server takes no newcomers now. Ask one of its owners.',
  server_full: () => 'This server is full. Try again later.',
  tls_required: () => 'This server accepts encrypted connections only. Open it by https.',
  expelled: (e) => ENDED.expelled(e), address_banned: () => ENDED.address_banned(),
  // Rooms
  invite_only: (e) => `${e.room} is by invitation. Ask ${e.owners?.length ? e.owners.slice(0, 3).join(' or ') : 'one of its owners'}.`,
  room_banned: (e) => `You are banned from ${e.room}${forTime(e)}.`,
  key_needed: (e) => ui.keyNeeded(e.room),
  room_name_bad: (e) => `A room name has only letters, digits, / and -, at most 32.${suggestion(e.name, '-', isRoomName)}`,
  room_name_reserved: () => 'That room name is reserved. Choose another.',
  too_many_rooms: (e) => `You are in ${e.count} rooms, the maximum. Leave one first.`,
  address_rooms: () => 'Too many rooms of this network are open. Join one that is open.',
  not_in_room: (e) => `You are not in ${e.room}.`,
  // Talk
  throttled: (e) => `too fast; wait ${span((e.retry_ms ?? 1000) / 1000)}`,
  muted: (e) => `you are muted in ${e.room ?? 'this room'}${forTime(e)}`,
  quiet: () => 'only owners can write now',
  slowed: (e) => `this room is slow; wait ${span(e.seconds)}`,
  owners_only: () => 'guests may write to owners only',
  message_too_long: (e) => `longer than ${e.count} characters`,
  too_many_lines: (e) => `more than ${e.count} lines`,
  empty_message: () => 'it is empty',
  no_such_user: (e) => `${e.user} is not here`,
  blocked_by_user: (e) => `${e.user} blocks you`,
  you_block: (e) => `you block ${e.user}`,
  mailbox_full: (e) => `too many messages wait for ${e.user}`,
  mailbox_full_of_yours: (e) => `too many of your messages wait for ${e.user}`,
  no_private_to_talk: (e) => `the chat off the record with ${e.user ?? 'this user'} is over`,
  queued: (e) => `${e.user} is away. The message is kept until ${e.user} comes.`,
  user_away: (e) => `${e.user} is away: ${e.word}`,
  not_stored: () => 'All users heard the message, but the server could not store it.',
  // Owners
  account_made: (e) => `You have an account now: ${e.user}.`,
  account_already: (e) => `${e.user} is an account already. Its password changes under “Your account”.`,
  no_account: () => 'You are a guest, without a password. Make an account under “Your account”.',
  no_such_room: (e) => `There is no room ${e.room}.`,
  no_room_to_talk: () => 'You are in no room. Open one first.',
  no_room_to_read: () => 'You are in no room. Open one first.',
  no_key: (e) => `${e.room} has no key word.`,
  machine_line: () => 'it begins like a line of another program',
  behind_questions: () => 'it came right behind a password and may be one. Try again in a few seconds.',
  not_owner: (e) => `Only owners of ${e.room} can do this.`,
  not_server_owner: () => 'Only owners of this server can do this.',
  wrong_code: () => 'That is not the code, or it was used.',
  target_is_owner: (e) => `${e.user} is an owner.`,
  target_above: (e) => `${e.user} is an owner of this server.`,
  topic_set: (e) => `${e.by} set the topic: ${e.word}`,
  topic_removed: (e) => `${e.by} removed the topic`,
  user_kicked: (e) => `${e.by} removed ${e.user}${because(e)}`,
  user_muted: (e) => `${e.by} muted ${e.user}${forTime(e)}`,
  user_unmuted: (e) => `${e.by} lets ${e.user} speak again`,
  user_banned: (e) => `${e.by} banned ${e.user}${forTime(e)}${because(e)}`,
  user_unbanned: (e) => `${e.by} lifted the ban of ${e.user}`,
  user_expelled: (e) => `${e.by} banned ${e.user} from this server${forTime(e)}`,
  guest_returns: (e) => `${e.user} was a guest and may come back under another name.`,
  guest_returns_here: (e) => `${e.user} was a guest and may come back under another name.`,
  owner_made: (e) => `${e.by} made ${e.user} an owner`,
  owner_removed: (e) => `${e.by} took the ownership from ${e.user}`,
  invited: (e) => `${e.by} invites you to ${e.room}.`,
  invitation_sent: (e) => `${e.user} may enter ${e.room} now.`,
  room_opened: (e) => `${e.by} opened the room to everyone`,
  room_closed: (e) => `${e.by} closed the room: only invited users enter`,
  key_set: (e) => `${e.by} set a key word for the room`,
  key_removed: (e) => `${e.by} removed the key word of the room`,
  slow_on: (e) => `${e.by} slowed the room: one message every ${span(e.seconds)}`,
  slow_off: (e) => `${e.by} ended slow mode`,
  server_owned: () => 'You are an owner of this server now.',
  quiet_on: (e) => `${e.by} made the room quiet: only owners and users with the floor write`,
  quiet_off: (e) => `${e.by} lets everyone write again`,
  floor_given: (e) => `${e.by} gives ${e.user} the floor${forTime(e)}`,
  floor_taken: (e) => `${e.by} took the floor back from ${e.user}`,
  hand_raised: (e) => `${e.user} raises a hand${isHandText(e.word) ? `: ${e.word}` : ''}`,
  pinned: (e) => `${e.by} pinned a message of ${e.user}`,
  unpinned: (e) => `${e.by} unpinned the message`,
  doors_shut: (e) => `${e.by} closed the server to newcomers`,
  doors_open: (e) => `${e.by} opened the server to newcomers again`,
  no_hands: () => 'No hand is up.',
  whispers_owners: (e) => `${e.by} lets guests write to owners only`,
  whispers_all: (e) => `${e.by} lets guests write to all users again`,
  user_readmitted: (e) => `${e.by} lifted the ban of ${e.user} from this server`,
  muted_ahead: (e) => `${e.user} is not here. The mute holds${forTime(e)} when ${e.user} comes.`,
  banned_ahead: (e) => `${e.user} is not here. The ban holds${forTime(e)} when ${e.user} comes.`,
  target_not_in_room: (e) => `${e.user} is not in ${e.room}.`,
  target_muted: (e) => `${e.user} is muted. Unmute ${e.user} first.`,
  not_muted: (e) => `${e.user} is not muted.`,
  not_banned: (e) => `${e.user} is not banned.`,
  owner_already: (e) => `${e.user} is an owner already.`,
  no_owner: (e) => `${e.user} is not an owner of ${e.room}.`,
  no_floor: (e) => `${e.user} does not have the floor.`,
  away_set: (e) => `You are away: ${e.word}`,
  here_again: () => 'You are here again',
  blocked: (e) => `You block ${e.user}: you see nothing of what ${e.user} says`,
  unblocked: (e) => `You see again what ${e.user} says`,
  idle_warning: (e) => `You have been silent for long. In ${span(e.seconds)} you are signed out.`,
  lines_lost: (e) => `${plural(e.count, 'message')} for you could not be kept while you had no connection.`,
  history_off: () => ui.noHistory,
  no_word: () => 'Type a word to search for.',
};

/** The sentences of events without a cause. */
const EVENT_SENTENCES = {
  __proto__: null,
  renamed: (e) => `${e.user} is now ${e.to}`,
  private_request: (e) => ui.privateAsks(e.user),
  private_connected: (e) => `You and ${e.user} chat off the record now`,
  private_rejected: (e) => `${e.user} wants no chat off the record`,
  private_ended: (e) => `The chat off the record with ${e.user} is over`,
};

/** Returns the sentence for an event of the server. */
export function sentence(event) {
  const own = SENTENCES[event.cause] ?? EVENT_SENTENCES[event.event];
  return own ? own(event) : (event.text ?? event.reason ?? event.cause ?? '').replaceAll(/^INFO: /gm, '');
}

/** Returns the sentence with what users chose set apart, for `sentenceNodes`. */
export function sentenceApart(event) {
  const chosen = ['user', 'by', 'to', 'room', 'word', 'reason'].filter((field) => event[field] && event[field] !== HAND);
  return sentence({ ...event, ...Object.fromEntries(chosen.map((field) => [field, apart(event[field])])) });
}
