/** A reporter that prints what needs attention: failures with their cause, skips with their reason, then the counts. */
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

export default async function* briefReporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type === 'test:fail') yield failure(event.data);
    else if (event.type === 'test:pass' && event.data.skip !== undefined) yield skip(event.data);
    else if (event.type === 'test:diagnostic' && event.data.nesting === 0) yield `\u2139 ${event.data.message}\n`;
    else if (event.type === 'test:stdout' || event.type === 'test:stderr') yield event.data.message;
  }
}

interface Place {
  readonly name: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

const place = ({ file, line }: Place) => (file ? ` (${file}${line ? `:${line}` : ''})` : '');

function failure(data: Place & { readonly details: { readonly error: Error; readonly type?: string | undefined } }) {
  const { error } = data.details;
  // A suite fails because a test in it did; that one has been told.
  if ((error as { failureType?: string }).failureType === 'subtestsFailed') return '';
  return `\u2716 ${data.name}${place(data)}\n${indent(causeText(error.cause ?? error))}\n`;
}

/** An assertion's message shows the difference; frames of Node itself help nobody. */
function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return inspect(cause, { depth: 4 });
  const frames = (cause.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line) && !line.includes('node:'));
  const more = cause.cause === undefined ? [] : [`cause: ${inspect(cause.cause)}`];
  return [`${cause.name}: ${cause.message}`, ...frames, ...more].join('\n');
}

function skip(data: Place & { readonly skip?: string | boolean | undefined }): string {
  return `- skipped: ${data.name}${typeof data.skip === 'string' ? `: ${data.skip}` : ''}${place(data)}\n`;
}

const indent = (text: string) => text.replace(/^/gm, '    ');
