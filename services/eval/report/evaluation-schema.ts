/**
 * What `results.json` and a line of `items.jsonl` must look like (services/eval/results.ts), as far as the page and the
 * comparison use them. One walk over each value, since a million lines go through here.
 */
import type { EvalResults, EvalTask, ItemResult } from '../results.ts';
import { SYSTEMS_MAX } from './limits.ts';

/** Names the field, what it is and what was expected. */
export class Mismatch extends Error {}

type Fields = Readonly<Record<string, unknown>>;

const TASKS: readonly EvalTask[] = ['asr', 'ocr', 'gec', 'darag', 'ner'];
const COUNT_FIELDS = ['refUnits', 'hypUnits', 'substitutions', 'deletions', 'insertions'];
const HIT_FIELDS = ['tp', 'fp', 'fn'];

/** @throws Mismatch */
export function checkResults(value: unknown): EvalResults {
  const results = fields(value, 'the file');
  if (results['format'] !== 'bytefuse-eval') throw new Mismatch('"format" is not "bytefuse-eval"');
  if (results['version'] !== 1) {
    throw new Mismatch(`"version" is ${JSON.stringify(results['version'])}; this Bytefuse reads version 1`);
  }
  if (!TASKS.includes(results['task'] as EvalTask)) throw new Mismatch(`"task" is none of ${TASKS.join(', ')}`);
  strings(results, ['startedAt', 'finishedAt'], '');
  list(results['command'], 'command', (word, name) => string(word, name));
  if (results['commit'] !== null) string(results['commit'], 'commit');
  const machine = fields(results['machine'], 'machine');
  strings(machine, ['cpu', 'node'], 'machine.');
  numbers(machine, ['cores', 'memoryBytes'], 'machine.');
  fields(results['settings'], 'settings');
  list(results['models'], 'models', (model, name) =>
    strings(fields(model, name), ['name', 'role', 'sha256'], `${name}.`),
  );
  const data = fields(results['data'], 'data');
  strings(data, ['location', 'form'], 'data.');
  numbers(data, ['items'], 'data.');
  checkSystems(results['systems']);
  list(results['comparisons'], 'comparisons', checkComparison);
  // Everything that is read from it was checked above.
  return value as EvalResults;
}

function checkSystems(value: unknown): void {
  const names = new Set<unknown>();
  list(value, 'systems', (entry, where) => {
    const system = fields(entry, where);
    strings(system, ['name'], `${where}.`);
    numbers(system, ['failed'], `${where}.`);
    optionalNumber(system['peakMemoryBytes'], `${where}.peakMemoryBytes`);
    fields(system['settings'], `${where}.settings`);
    if (names.has(system['name'])) throw new Mismatch(`two systems are called ${JSON.stringify(system['name'])}`);
    names.add(system['name']);
    list(system['metrics'], `${where}.metrics`, (entryOfMetric, place) => {
      const row = fields(entryOfMetric, place);
      strings(row, ['metric', 'slice'], `${place}.`);
      if (row['value'] !== null) number(row['value'], `${place}.value`);
      // JSON has no NaN: an interval that could not be computed is written as null and left out here.
      for (const end of ['low', 'high']) if (row[end] !== null) optionalNumber(row[end], `${place}.${end}`);
      numbers(row, ['items'], `${place}.`);
      if (row['counts'] !== undefined) checkCounts(row['counts'], `${place}.counts`);
    });
  });
  if (names.size === 0) throw new Mismatch('there is no system');
  if (names.size > SYSTEMS_MAX) throw new Mismatch(`${names.size} systems, at most ${SYSTEMS_MAX} are compared`);
}

function checkCounts(value: unknown, where: string): void {
  const counts = fields(value, where);
  numbers(counts, 'tp' in counts ? HIT_FIELDS : COUNT_FIELDS, `${where}.`);
}

function checkComparison(value: unknown, where: string): void {
  const row = fields(value, where);
  strings(row, ['a', 'b', 'metric', 'slice'], `${where}.`);
  for (const name of ['rateA', 'rateB', 'difference', 'relative', 'betterShare']) {
    if (row[name] !== null) number(row[name], `${where}.${name}`);
  }
  for (const name of ['differenceInterval', 'relativeInterval']) {
    const interval = fields(row[name], `${where}.${name}`);
    for (const end of ['low', 'high']) if (interval[end] !== null) number(interval[end], `${where}.${name}.${end}`);
  }
}

/** @throws Mismatch */
export function checkItem(value: unknown): ItemResult {
  const item = fields(value, 'the line');
  strings(item, ['id', 'system', 'language', 'set', 'group', 'reference', 'hypothesis', 'rawHypothesis'], '');
  const rates = fields(item['rates'], 'rates');
  for (const name of Object.keys(rates)) numbers(fields(rates[name], `rates.${name}`), COUNT_FIELDS, `rates.${name}.`);
  for (const name of ['source', 'mediaPath']) if (item[name] !== undefined) string(item[name], `"${name}"`);
  for (const name of ['oneMinusNed', 'durationS', 'llmRows', 'llmRowsEager']) optionalNumber(item[name], `"${name}"`);
  for (const name of ['entities', 'detection']) {
    if (item[name] !== undefined) numbers(fields(item[name], `"${name}"`), HIT_FIELDS, `${name}.`);
  }
  if (item['edits'] !== undefined) {
    const edits = fields(item['edits'], 'edits');
    for (const type of Object.keys(edits)) numbers(fields(edits[type], `edits.${type}`), HIT_FIELDS, `edits.${type}.`);
  }
  if (item['words'] !== undefined) numbers(fields(item['words'], 'words'), ['right', 'total'], 'words.');
  if (item['timings'] !== undefined) {
    const timings = fields(item['timings'], 'timings');
    numbers(timings, Object.keys(timings), 'timings.');
  }
  if (item['clean'] !== undefined) {
    const clean = fields(item['clean'], 'clean');
    for (const name of ['sourceCorrect', 'changed']) {
      if (typeof clean[name] !== 'boolean') throw new Mismatch(`"clean.${name}" is not true or false`);
    }
  }
  checkLists(item);
  return value as ItemResult;
}

function checkLists(item: Fields): void {
  if (item['confidences'] !== undefined) {
    list(item['confidences'], 'confidences', (pair, where) => {
      if (!Array.isArray(pair) || typeof pair[0] !== 'number' || (pair[1] !== 0 && pair[1] !== 1)) {
        throw new Mismatch(`${quoted(where)} is not [confidence, 0 or 1]`);
      }
    });
  }
  if (item['changes'] !== undefined) {
    list(item['changes'], 'changes', (change, where) => strings(fields(change, where), ['from', 'to'], `${where}.`));
  }
  if (item['error'] !== undefined) strings(fields(item['error'], 'error'), ['code', 'message'], 'error.');
}

function fields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Mismatch(`${quoted(name)} is not an object`);
  return value as Fields;
}

function list(value: unknown, name: string, check: (entry: unknown, name: string) => void): void {
  if (!Array.isArray(value)) throw new Mismatch(`${quoted(name)} is not a list`);
  for (let i = 0; i < value.length; i++) check(value[i], name);
}

function strings(value: Fields, names: readonly string[], path: string): void {
  for (const name of names) if (typeof value[name] !== 'string') throw new Mismatch(`"${path}${name}" is not a string`);
}

function string(value: unknown, name: string): void {
  if (typeof value !== 'string') throw new Mismatch(`${quoted(name)} is not a string`);
}

function numbers(value: Fields, names: readonly string[], path: string): void {
  for (const name of names) if (typeof value[name] !== 'number') throw new Mismatch(`"${path}${name}" is not a number`);
}

function number(value: unknown, name: string): void {
  if (typeof value !== 'number') throw new Mismatch(`${quoted(name)} is not a number`);
}

function optionalNumber(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== 'number') throw new Mismatch(`${quoted(name)} is not a number`);
}

/** Fields in quotes; `the file` and `the line` are no fields. */
function quoted(name: string): string {
  return name.includes(' ') ? name : `"${name}"`;
}
