/** How a metric is written, and which way is good. Metrics are known by their field-standard names. */

const SHARE =
  /^(WER|CER|MER|1-NED|F\d?(\.\d+)?)\b|\b(rate|recall|precision|accuracy|F0\.5|over-correction|CER|share)\b/i;
const MILLISECONDS = /\b(ms|latency|time)\b|Ms$/;
const BYTES = /\b(bytes|memory)\b|Bytes$/;
const HIGHER = /\b(recall|precision|accuracy|F\d?(\.\d+)?|1-NED)\b/i;

/** What is written for no value: NaN is null in JSON. */
export const NO_VALUE = '–';
const MINUS = '\u2212';

/** True where more is better: recall, precision, F, accuracy, 1-NED; false for rates of errors, times and memory. */
export function higherIsBetter(metric: string): boolean {
  return HIGHER.test(metric);
}

export function isShare(metric: string): boolean {
  return SHARE.test(metric);
}

export function formatMetric(metric: string, value: number | null | undefined): string {
  if (!isNumber(value)) return NO_VALUE;
  if (SHARE.test(metric)) return formatShare(value);
  if (BYTES.test(metric)) return formatBytes(value);
  if (MILLISECONDS.test(metric)) return formatMs(value);
  return formatNumber(value);
}

/** `[1.20, 3.40]` in the unit of the metric; '' where there is no interval. */
export function formatInterval(
  metric: string,
  low: number | null | undefined,
  high: number | null | undefined,
): string {
  if (!isNumber(low) || !isNumber(high)) return '';
  const plain = (value: number) =>
    SHARE.test(metric) ? signedMinus((value * 100).toFixed(2)) : formatMetric(metric, value);
  return `[${plain(low)}, ${plain(high)}]`;
}

/** A difference with its sign: percentage points for shares. */
export function formatDifference(metric: string, difference: number | null | undefined): string {
  if (!isNumber(difference)) return NO_VALUE;
  const size = Math.abs(difference);
  const text = SHARE.test(metric) ? (size * 100).toFixed(2) : formatMetric(metric, size);
  return `${/^[0.\s%]*$/.test(text) ? '±' : difference < 0 ? MINUS : '+'}${text}`;
}

/** What a paired difference (B - A) with its 95% interval says of B. */
export function verdict(
  metric: string,
  interval: { readonly low: number | null; readonly high: number | null },
): Verdict {
  const { low, high } = interval;
  if (!isNumber(low) || !isNumber(high)) return 'unclear';
  if (low > 0) return higherIsBetter(metric) ? 'better' : 'worse';
  if (high < 0) return higherIsBetter(metric) ? 'worse' : 'better';
  return 'unclear';
}

export type Verdict = 'better' | 'worse' | 'unclear';

export function formatShare(share: number): string {
  return Number.isFinite(share) ? `${signedMinus((share * 100).toFixed(2))}%` : NO_VALUE;
}

/** For ticks: no more digits than needed. */
export function shortShare(share: number): string {
  return `${Number((share * 100).toFixed(2))}%`;
}

/** 850 ms, 1.25 s, 2 min 5 s. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return NO_VALUE;
  if (Math.abs(ms) < 999.5) return `${Number(ms.toPrecision(3))} ms`;
  if (Math.abs(ms) < 119_950) return `${Number((ms / 1000).toPrecision(3))} s`;
  const seconds = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let power = 0;
  while (Math.abs(bytes) >= 1023.5 && power < units.length - 1) {
    bytes /= 1024;
    power++;
  }
  return `${Number(bytes.toPrecision(3))} ${units[power]}`;
}

/** Three significant digits; whole numbers in full. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return signedMinus(value.toLocaleString('en-US'));
  return signedMinus(String(Number(value.toPrecision(3))));
}

function signedMinus(text: string): string {
  return text.replace('-', MINUS);
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
