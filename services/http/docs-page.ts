/**
 * `/openapi.json` and `/docs`: the same schemas that the routes work by, for programs and for people. Pages of docs/ that
 * the texts name are served beside it, as they are written.
 */
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { ERRORS, type ErrorKind } from '../../models/core/app-error.ts';
import { xmlText } from '../output/document/xml-text.ts';
import { CSP_DOCS } from './security.ts';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly 'x-refused-fields'?: Readonly<Record<string, string>>;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses?: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}

interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Pages of docs/ that a text of the service names. */
const SERVED_PAGES = ['api.md', 'streaming.md', 'protocol.md', 'evaluation.md', 'evaluation-data.md'];
/** This file runs as dist/services/http/docs-page.js. */
const DOCS = new URL('../../../docs/', import.meta.url);

/** Addresses that OpenAPI has no place for; docs/streaming.md says what goes over them. */
const SOCKETS = [
  {
    path: '/v1/stream',
    about: 'Streams of hypotheses that settle: binary audio in, JSON events out. See docs/streaming.md, section 2.',
  },
  {
    path: '/v1/realtime?intent=transcription',
    about: 'The OpenAI Realtime API in transcription mode, for its clients. See docs/streaming.md, section 3.',
  },
  {
    path: '/v1/fuse',
    about:
      'Fused text for recognizers that run elsewhere; they speak the hypothesis protocol (docs/protocol.md). See docs/streaming.md, section 4.',
  },
];

export function docsRoutes(app: FastifyInstance): void {
  app.get('/openapi.json', { schema: { hide: true }, handler: () => app.swagger() });
  app.get('/docs', {
    schema: { hide: true },
    handler: (_, reply) =>
      reply
        .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': CSP_DOCS })
        // Our own document, whose shape is the one above.
        .send(docsPage(app.swagger() as unknown as OpenApi)),
  });
  for (const name of SERVED_PAGES) {
    const page = readFileSync(new URL(name, DOCS), 'utf8');
    app.get(`/docs/${name}`, {
      schema: { hide: true },
      // Browsers show plain text, and would save Markdown.
      handler: (_, reply) => reply.header('content-type', 'text/plain; charset=utf-8').send(page),
    });
  }
  app.get('/docs/docs.css', {
    schema: { hide: true },
    handler: (_, reply) => reply.header('content-type', 'text/css; charset=utf-8').send(STYLE),
  });
}

/** Needs no script: everything stands in the page. */
export function docsPage({ info, paths }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationHtml(method, path, operation)),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${xmlText(info.title)}</title><link rel="stylesheet" href="/docs/docs.css"></head>
<body><main><h1>${text(info.title)} ${text(info.version)}</h1>
<p>${text(info.description ?? '')} For programs: <a href="/openapi.json">openapi.json</a>. Further below:
<a href="#sockets">WebSockets</a>, <a href="#errors">errors</a>. With examples: <a href="/docs/api.md">docs/api.md</a>.</p>
${operations.join('\n')}
${socketsHtml()}
${errorsHtml(ERRORS)}
</main></body></html>
`;
}

function operationHtml(method: string, path: string, operation: Operation): string {
  const { summary = '', description = '', requestBody, responses = {} } = operation;
  const body = Object.entries(requestBody?.content ?? {})[0];
  const answers = Object.entries(responses).map(([status, answer]) => {
    const types = Object.keys(answer.content ?? {}).join(', ');
    return `<li><b>${text(status)}</b> ${text(answer.description)} ${types === '' ? '' : `<small>${text(types)}</small>`}</li>`;
  });
  return `<section><h2><code>${text(method.toUpperCase())} ${text(path)}</code></h2><p>${text(summary)}. ${text(description)}</p>
${body === undefined ? '' : fieldsHtml(body[1].schema)}${refusedHtml(operation['x-refused-fields'])}<ul>${answers.join('')}</ul></section>`;
}

function fieldsHtml({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).map(([name, schema]) => [
    `<code>${text(name)}</code>${required.includes(name) ? ' (required)' : ''}`,
    text(typeText(schema)),
    text(schema.description ?? ''),
  ]);
  return tableHtml(['field', 'value', 'what it does'], rows);
}

function refusedHtml(refused: Readonly<Record<string, string>> = {}): string {
  const rows = Object.entries(refused).map(([name, about]) => [`<code>${text(name)}</code>`, text(about)]);
  return rows.length === 0 ? '' : tableHtml(['refused field', 'why'], rows);
}

function errorsHtml(errors: Readonly<Record<string, ErrorKind>>): string {
  const rows = Object.entries(errors).map(([code, { status, retry, hint }]) => [
    `<code>${text(code)}</code>`,
    String(status),
    retry ? 'yes' : 'no',
    text(hint),
  ]);
  return `<section><h2 id="errors">Errors</h2>
<p>An answer that fails has an <code>error</code> with one of these codes and a message that names the value and the bound. The
table has the status of the answer, whether the same request may succeed later, and what one can do.</p>
${tableHtml(['code', 'status', 'retry', 'what to do'], rows)}</section>`;
}

/** Cells are markup already. */
function tableHtml(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((name) => `<th scope="col">${name}</th>`).join('');
  const body = rows.map((cells) => {
    return `<tr>${cells.map((cell, i) => `<td data-head="${heads[i]}">${cell}</td>`).join('')}</tr>`;
  });
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function typeText(schema: Schema): string {
  if (schema.items) return `${typeText(schema.items)}, repeated`;
  if (schema.enum) return schema.enum.join(', ');
  const { type = 'any', minimum, maximum } = schema;
  return minimum === undefined ? type : `${type}, ${minimum} to ${maximum}`;
}

/** Escaped, and pages of docs/ that are served as links. */
function text(plain: string): string {
  return xmlText(plain).replace(/docs\/([\w-]+\.md)/g, (whole, name: string) =>
    SERVED_PAGES.includes(name) ? `<a href="/docs/${name}">${whole}</a>` : whole,
  );
}

function socketsHtml(): string {
  return `<section><h2 id="sockets">WebSockets</h2>
<p>${text('The same keys and checks as everywhere; browsers give the key as a subprotocol (docs/streaming.md, section 1).')}</p>
${tableHtml(
  ['address', 'what it speaks'],
  SOCKETS.map(({ path, about }) => [`<code>${text(path)}</code>`, text(about)]),
)}</section>`;
}

const STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.5rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
h2 { margin-top: 2.5rem; font-size: 1.1rem; }
small { opacity: 0.7; }
th { white-space: nowrap; }
@media (width <= 40rem) {
  main { overflow-wrap: anywhere; }
  thead { display: none; }
  td:not(:first-child):not(:last-child)::before { content: attr(data-head) ": "; opacity: 0.7; }
  tr { display: block; padding: 0.5rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
  td { display: block; padding: 0.1rem 0; border: 0; }
}
`;
