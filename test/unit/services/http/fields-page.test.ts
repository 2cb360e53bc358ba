import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOCUMENT_FIELDS } from '../../../../services/http/document-fields.ts';
import { TRANSCRIPTION_FIELDS } from '../../../../services/http/transcription-fields.ts';
import { readProjectFile } from '../../../support/project-files.ts';

test('docs/api.md lists every field with what becomes of it, and no other', () => {
  const page = readProjectFile('docs/api.md');
  const table = (title: string) => {
    const section = page.split(`## ${title}\n`)[1]!.split('\n## ')[0]!;
    return [...section.matchAll(/^\| `([^`]+)` +\| (honoured|refused|without effect) +\| (.+?) +\|$/gm)].map(
      ([, name, use, about]) => ({ name, use, about }),
    );
  };
  const specs = (fields: typeof DOCUMENT_FIELDS) => fields.map(({ name, use, about }) => ({ name, use, about }));
  assert.deepEqual(table('Speech'), specs(TRANSCRIPTION_FIELDS));
  assert.deepEqual(table('Documents'), specs(DOCUMENT_FIELDS));
});
