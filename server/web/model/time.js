// Times as the page shows them, in the reader's time zone and language.

const format = (options) => new Intl.DateTimeFormat(undefined, options);
const clockFormat = format({ hour: '2-digit', minute: '2-digit' });
const dayFormat = format({ weekday: 'long', day: 'numeric', month: 'long' });
const yearFormat = format({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const shortFormat = format({ day: 'numeric', month: 'short' });

const dayOf = (at) => new Date(at).setHours(0, 0, 0, 0);

export const sameDay = (a, b) => dayOf(a) === dayOf(b);
export const clock = (at) => clockFormat.format(at);

/** Returns the number of days between two times, by the calendar. */
export const daysBetween = (from, to) => Math.round((dayOf(to) - dayOf(from)) / 86_400_000);

/** Returns `today`, `yesterday`, or null where a day is shown by its date. */
export function dayWord(at, now) {
  return ['today', 'yesterday'][daysBetween(at, now)] ?? null;
}

/** Returns the date of a day, with the year if it is another one. */
export function dayName(at, now) {
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? dayFormat : yearFormat).format(at);
}

/** Returns time, or day and time where the day is not today. */
export const moment = (at, now) => (sameDay(at, now) ? clock(at) : `${shortFormat.format(at)}, ${clock(at)}`);

/** Returns a time span in words: `48 s`, `5 min`, `2 h`, `2 h 5 min`. */
export function span(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest ? `${Math.floor(minutes / 60)} h ${rest} min` : `${minutes / 60} h`;
}
