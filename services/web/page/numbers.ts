/** Numbers for people, in the language of the page. */
import { pageLanguage } from './messages.ts';

/** A natural log-probability with its unit left to the heading; an em dash where there is none. */
export function nats(value: number | null | undefined): string {
  if (value === undefined || value === null) return '—';
  if (!Number.isFinite(value)) return value < 0 ? '−∞' : '∞';
  return formatted(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

export function percent(share: number): string {
  return formatted(share, { style: 'percent', maximumFractionDigits: 0 });
}

export function decimal(value: number, digits: number): string {
  return formatted(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function formatted(value: number, options: Intl.NumberFormatOptions): string {
  // The hyphen is narrow beside digits; the minus is as wide as they are.
  return new Intl.NumberFormat(pageLanguage(), options).format(value).replace('-', '−');
}
