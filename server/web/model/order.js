// The order of the conversations in the list.

const compare = new Intl.Collator(undefined, { sensitivity: 'base' }).compare;

/** Returns the conversations as the list shows them: all users, rooms, then single users with unread ones first. */
export function listed(state) {
  const all = Object.values(state.conversations);
  const isShown = (each) => each.key === state.current || each.removed || (each.kind === 'room' && each.member);
  return {
    rooms: [
      ...all.filter((each) => each.kind === 'all' && (each.items.length > 0 || each.key === state.current)),
      ...all.filter((each) => each.kind === 'room' && isShown(each)).sort((a, b) => compare(a.name, b.name)),
    ],
    users: all.filter((each) => each.kind === 'user').sort((a, b) => b.unread - a.unread || compare(a.name, b.name)),
  };
}

/** Returns the key of the next conversation with unread messages in a direction, or of the neighbor if there is none. */
export function nextUnread(state, step) {
  const { rooms, users } = listed(state);
  const all = [...rooms, ...users];
  const here = all.findIndex((each) => each.key === state.current);
  const others = all.map((_, index) => all[(here + step * (index + 1) + all.length * all.length) % all.length]).filter((each) => each.key !== state.current);
  return (others.find((each) => each.unread) ?? others[0])?.key ?? null;
}
