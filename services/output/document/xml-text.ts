/** Text inside XML: characters that XML 1.0 has no place for are dropped, the five special ones escaped. */
export function xmlText(text: string): string {
  return text
    .replace(OUTSIDE_XML, '')
    .replace(LONE_SURROGATE, '\uFFFD')
    .replace(/[&<>"']/gu, (one) => ESCAPES[one]!);
}

/** Controls but tab, line feed and carriage return, and the two noncharacters of the first plane (XML 1.0, 2.2). */
const OUTSIDE_XML = /(?![\t\n\r])\p{Cc}|[\uFFFE\uFFFF]/gu;

const LONE_SURROGATE = /\p{Cs}/gu;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
