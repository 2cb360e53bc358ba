/** `/openapi.json` and `/docs`: the same schemas that the routes work by, for programs and for people. */
import type { FastifyInstance } from 'fastify';
import { xmlText } from '../output/document/xml-text.ts';
import { CSP_PAGE } from './security.ts';

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
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses?: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}

interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export function docsRoutes(app: FastifyInstance): void {
  app.get('/openapi.json', { schema: { hide: true }, handler: () => app.swagger() });
  app.get('/docs', {
    schema: { hide: true },
    handler: (_, reply) =>
      reply
        .headers({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': CSP_PAGE })
        // Our own document, whose shape is the one above.
        .send(docsPage(app.swagger() as unknown as OpenApi)),
  });
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
<title>${text(info.title)}</title><link rel="stylesheet" href="/docs/docs.css"></head>
<body><main><h1>${text(info.title)} ${text(info.version)}</h1>
<p>${text(info.description ?? '')} For programs: <a href="/openapi.json">openapi.json</a>.</p>
${operations.join('\n')}
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
${body === undefined ? '' : fieldsHtml(body[1].schema)}<ul>${answers.join('')}</ul></section>`;
}

function fieldsHtml({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const mark = required.includes(name) ? ' (required)' : '';
    return `<tr><td><code>${text(name)}</code>${mark}</td><td>${text(typeText(schema))}</td><td>${text(schema.description ?? '')}</td></tr>`;
  });
  return `<table><thead><tr><th>field</th><th>value</th><th>what it does</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function typeText(schema: Schema): string {
  if (schema.items) return `${typeText(schema.items)}, repeated`;
  if (schema.enum) return schema.enum.join(', ');
  const { type = 'any', minimum, maximum } = schema;
  return minimum === undefined ? type : `${type}, ${minimum} to ${maximum}`;
}

const text = xmlText;

const STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.5rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
h2 { margin-top: 2.5rem; font-size: 1.1rem; }
small { opacity: 0.7; }
`;
