/** The reader of each form, behind one door. */

import type { EvalTask } from '../results.ts';
import type { DataForm, Detected } from './detect.ts';
import type { Draft, ReadContext } from './draft.ts';
import { readNer } from './entities.ts';
import { readFcgec } from './fcgec.ts';
import { readKaldi } from './kaldi.ts';
import { readM2 } from './m2.ts';
import { malformed } from './malformed.ts';
import { readManifest } from './manifest.ts';
import { readNbest } from './nbest.ts';
import { readPairs } from './pair-folder.ts';
import { readParallel, readTabs } from './parallel.ts';
import { readTable } from './table.ts';

/** What each form can be judged by. */
const TASKS: Readonly<Record<DataForm, readonly EvalTask[]>> = {
  manifest: ['asr', 'ocr', 'gec', 'darag', 'ner'],
  folder: ['asr', 'ocr', 'darag'],
  table: ['asr', 'ocr', 'gec', 'darag'],
  kaldi: ['asr', 'darag'],
  m2: ['gec'],
  parallel: ['gec', 'darag'],
  mucgec: ['gec'],
  faspell: ['gec', 'darag'],
  fcgec: ['gec'],
  nbest: ['darag'],
  ner: ['ner'],
};

/** Drafts in the order of the list. Throws manifest_malformed, also where the form does not hold what the task needs. */
export function readForm(found: Detected, context: ReadContext): AsyncIterable<Draft> {
  const { form, file, targets, container } = found;
  if (!TASKS[form].includes(context.task)) {
    throw malformed(file.name, `data in the form ${form} is for ${TASKS[form].join(', ')}, not for ${context.task}`);
  }
  switch (form) {
    case 'manifest':
      return readManifest(file, container, context, readForm);
    case 'folder':
      return readPairs(file, context);
    case 'table':
      return readTable(file, found.delimiter, context);
    case 'kaldi':
      return readKaldi(file, context);
    case 'm2':
      return readM2(file, targets[0]);
    case 'parallel':
      return readParallel(file, targets, context);
    case 'mucgec':
    case 'faspell':
      return readTabs(file, form, context);
    case 'fcgec':
      return readFcgec(file, context);
    case 'nbest':
      return readNbest(file, container, context);
    case 'ner':
      return readNer(file, container, context);
  }
}
