// Events that the list shows as muted lines.

import { addNotice, withoutLeft } from './items.js';
import { addLine } from './state.js';

/** Shows an event as a muted line: in its room, or in the conversation where the user looks. */
export function showNotice(t, key, event) {
  const conversation = t.state.conversations[key] ?? t.state.conversations[t.state.current];
  if (!conversation?.atEnd) return;
  t.state.labels += 1;
  addLine(t, conversation.key, (items) => addNotice(withoutLeft(items, event), { event, at: event.at, key: 'n' + t.state.labels }));
}
