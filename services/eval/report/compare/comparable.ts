/** Whether two evaluations can be compared at all, and what to keep in mind where they can. */
import { AppError } from '../../../../models/core/app-error.ts';
import type { EvalResults } from '../../results.ts';
import type { SystemPair } from './compare-results.ts';

/** Settings that decide what is a difference at all; figures of two normalizers say nothing of each other. */
const NORMALIZER_SETTINGS = ['normalizer', 'script', 'numerals'] as const;

export interface Comparable {
  readonly pairs: readonly SystemPair[];
  readonly warnings: readonly string[];
}

/** @throws AppError results_incomparable: other tasks, other normalizers, no system in common */
export function checkComparable(a: EvalResults, b: EvalResults): Comparable {
  if (a.task !== b.task) {
    throw new AppError('results_incomparable', `A is an evaluation of ${a.task}, B of ${b.task}`);
  }
  for (const name of NORMALIZER_SETTINGS) {
    const [valueA, valueB] = [stableJson(a.settings[name]), stableJson(b.settings[name])];
    if (valueA !== valueB) {
      throw new AppError(
        'results_incomparable',
        `the texts were normalized differently: ${name} is ${valueA} in A, ${valueB} in B`,
      );
    }
  }
  const pairs = pairSystems(a, b);
  if (pairs.length === 0) {
    const list = ({ systems }: EvalResults) => systems.map(({ name }) => name).join(', ');
    throw new AppError('results_incomparable', `no system is on both sides: ${list(a)} in A, ${list(b)} in B`);
  }
  return { pairs, warnings: differences(a, b) };
}

function pairSystems(a: EvalResults, b: EvalResults): SystemPair[] {
  if (a.systems.length === 1 && b.systems.length === 1) return [{ a: a.systems[0]!.name, b: b.systems[0]!.name }];
  const ofB = new Set(b.systems.map(({ name }) => name));
  return a.systems.filter(({ name }) => ofB.has(name)).map(({ name }) => ({ a: name, b: name }));
}

function differences(a: EvalResults, b: EvalResults): string[] {
  const warnings: string[] = [];
  const { data: dataA } = a;
  const { data: dataB } = b;
  if (dataA.location !== dataB.location || dataA.items !== dataB.items) {
    warnings.push(
      `The data differ: ${dataA.items} items of ${dataA.location} in A, ${dataB.items} of ${dataB.location} in B.`,
    );
  }
  const ofRole = (results: EvalResults) =>
    new Map(results.models.map(({ role, name, sha256 }) => [role, { name, sha256 }]));
  const [modelsA, modelsB] = [ofRole(a), ofRole(b)];
  for (const role of new Set([...modelsA.keys(), ...modelsB.keys()])) {
    const [modelA, modelB] = [modelsA.get(role), modelsB.get(role)];
    if (modelA?.sha256 === modelB?.sha256) continue;
    const describe = (model: typeof modelA) => (model ? `${model.name} (${model.sha256.slice(0, 12)})` : 'none');
    warnings.push(`The ${role} differs: ${describe(modelA)} in A, ${describe(modelB)} in B.`);
  }
  // Those of the normalizer are equal by now.
  for (const name of new Set([...Object.keys(a.settings), ...Object.keys(b.settings)])) {
    const [valueA, valueB] = [stableJson(a.settings[name]), stableJson(b.settings[name])];
    if (valueA !== valueB) warnings.push(`The setting ${name} differs: ${valueA} in A, ${valueB} in B.`);
  }
  return warnings;
}

/** JSON with sorted keys, so that equal values read equal; `none` for undefined. */
function stableJson(value: unknown): string {
  if (value === undefined) return 'none';
  return JSON.stringify(value, (_, held: unknown) =>
    typeof held === 'object' && held !== null && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
      : held,
  );
}
