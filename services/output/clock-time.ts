/** `01:02:03.004`, with the format's own decimal mark. Hours have two digits or more. */
export function clockTime(timeMs: number, decimalMark: ',' | '.'): string {
  const whole = Math.round(timeMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor(whole / 60_000) % 60;
  const seconds = Math.floor(whole / 1000) % 60;
  return `${two(hours)}:${two(minutes)}:${two(seconds)}${decimalMark}${String(whole % 1000).padStart(3, '0')}`;
}

/** `1:02:03.4` or `2:03.4`: for people. */
export function shortTime(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const hours = Math.floor(tenths / 36_000);
  const minutes = Math.floor(tenths / 600) % 60;
  const rest = `${String(Math.floor(tenths / 10) % 60).padStart(2, '0')}.${tenths % 10}`;
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
