/** Numbers for people. */

const GROUPED = new Intl.NumberFormat('en');

/** `1,900` */
export const whole = (value: number): string => GROUPED.format(Math.round(value));

/** A fraction as `43.1 %`. */
export const percent = (fraction: number, digits = 1): string => `${(100 * fraction).toFixed(digits)} %`;

/** `12.4 MB`, in steps of a thousand. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} bytes`;
  const step = Math.min(3, Math.floor(Math.log10(value) / 3));
  const number = value / 1000 ** step;
  return `${number.toFixed(number < 10 ? 1 : 0)} ${['', 'KB', 'MB', 'GB'][step]}`;
}

/** Words as a sentence: a capital letter in front, a full stop behind. */
export const sentence = (words: string): string =>
  `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?…:]$/.test(words) ? '' : '.'}`;

/** `1 picture`, `1,900 pictures` */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${whole(count)} ${count === 1 ? one : many}`;

/** Seconds that are left: `40 s`, `3 min`, `2 h 10 min` */
export function timeLeft(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
