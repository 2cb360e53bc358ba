/**
 * A Kaldi data folder: `wav.scp` (utterance, path), `text` (utterance, transcript) and `utt2spk` where it is there. Kaldi
 * sorts all three by utterance, so they are read side by side. Its commands (`sox ... |`) are never run, and `segments`
 * would need parts of recordings: both are refused with the step that helps.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Draft, type ReadContext, uniqueIds } from './draft.ts';
import { malformed, quoted } from './malformed.ts';
import { type DataFile, readLines } from './text-lines.ts';

interface Entry {
  readonly utterance: string;
  readonly value: string;
  readonly number: number;
  readonly where: string;
}

export function readKaldi(folder: DataFile, context: ReadContext): AsyncIterable<Draft> {
  const drafts = kaldiDrafts(folder, context);
  return context.checkIds ? uniqueIds(drafts, 'wav.scp') : drafts;
}

async function* kaldiDrafts(folder: DataFile, context: ReadContext): AsyncGenerator<Draft> {
  const file = (name: string): DataFile => ({ path: join(folder.path, name), name });
  const there = async (name: string) => (await stat(join(folder.path, name)).catch(() => null))?.isFile() === true;
  if (await there('segments')) {
    throw malformed('segments', 'utterances cut out of recordings are unsupported; write one audio file per utterance');
  }
  const texts = entries(file('text'));
  const speakers = (await there('utt2spk')) ? entries(file('utt2spk')) : null;
  try {
    for await (const wav of entries(file('wav.scp'))) {
      if (wav.value.endsWith('|') || wav.value.startsWith('|')) {
        throw malformed(
          wav.where,
          'a command in place of a path is unsupported and was not run; write its output to a file',
        );
      }
      const text = await partner(texts, wav, 'text');
      const speaker = speakers && (await partner(speakers, wav, 'utt2spk'));
      yield {
        id: wav.utterance,
        where: wav.where,
        number: wav.number,
        speaker: speaker?.value,
        media: wav.value,
        references: [text.value],
      };
    }
    for await (const text of texts) throw malformed(text.where, `utterance ${text.utterance} is not in wav.scp`);
  } finally {
    await texts.return(undefined);
    await speakers?.return(undefined);
  }
  if (context.task === 'gec' || context.task === 'ner') throw malformed(folder.name, 'a Kaldi folder holds recordings');
}

/** The next entry of another file, which must be of the same utterance. */
async function partner(entriesOf: AsyncGenerator<Entry>, wav: Entry, name: string): Promise<Entry> {
  const next = await entriesOf.next();
  if (next.done) throw malformed(wav.where, `utterance ${wav.utterance} is not in ${name}`);
  if (next.value.utterance === wav.utterance) {
    if (next.value.value === '' && name === 'text') throw malformed(next.value.where, 'the reference is empty');
    return next.value;
  }
  const what = `utterance ${next.value.utterance}, where ${wav.where} has ${wav.utterance}`;
  throw malformed(
    next.value.where,
    `${what}; the files list the same utterances in the same order (utils/fix_data_dir.sh)`,
  );
}

async function* entries(file: DataFile): AsyncGenerator<Entry> {
  for await (const { text, number } of readLines(file)) {
    if (text.trim() === '') continue;
    const where = `${file.name}:${number}`;
    const found = /^(\S+)(?:[ \t]+(.*))?$/.exec(text);
    if (!found) throw malformed(where, `${quoted(text)} does not begin with an utterance`);
    yield { utterance: found[1]!, value: (found[2] ?? '').trim(), number, where };
  }
}
