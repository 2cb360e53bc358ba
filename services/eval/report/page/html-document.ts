/**
 * A page that is one file and asks nobody for anything. Its policy allows the style sheet and the script by their hashes
 * and pictures and recordings as data: addresses, and nothing else: markup that slipped through could load or run nothing.
 */
import { createHash } from 'node:crypto';
import { type Html, html, markup } from './html.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';

export function htmlDocument(title: string, body: readonly Html[], options: { script: boolean }): Html {
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(PAGE_STYLE)}'`,
    options.script ? `script-src '${hashOf(PAGE_SCRIPT)}'` : '',
    'img-src data:',
    'media-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].filter((rule) => rule !== '');
  // The policy comes before everything that it is to govern.
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${markup(policy.join('; '))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${markup(PAGE_STYLE)}</style>
</head>
<body>
${body}
${options.script ? html`<script>${markup(PAGE_SCRIPT)}</script>` : undefined}
</body>
</html>
`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}`;
}
