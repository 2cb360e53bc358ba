/** From a request to results: opens the data, finds its faults, gathers the systems, runs, and writes the report. */

import { resolve } from 'node:path';
import { AppError } from '../../../models/core/app-error.ts';
import type { EvalResults } from '../results.ts';
import { dataIdentity } from './data-identity.ts';
import type { EvalParts, EvalRequest, GatheredSystems } from './eval-request.ts';
import { type EvalProgress, runEvaluation } from './eval-run.ts';
import type { EvalSystem } from './eval-system.ts';
import { openHypotheses } from './hypothesis-file.ts';
import { SYSTEMS_MAX } from './limits.ts';
import type { RunFingerprint } from './run-record.ts';
import { machineFacts, projectCommit } from './surroundings.ts';
import { surveyItems } from './survey.ts';

export interface EvaluateCalls {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: EvalProgress) => void;
  readonly onNotice?: (text: string) => void;
}

export interface Evaluation {
  readonly results: EvalResults;
  /** Path of the page. */
  readonly reportPath: string;
}

/**
 * Throws AppError: usage and invalid_option of the request, the codes of the data and of hypothesis files before any model
 * is loaded, then what runEvaluation throws.
 */
export async function evaluate(request: EvalRequest, parts: EvalParts, calls: EvaluateCalls): Promise<Evaluation> {
  const { task, location, filters, folder, normalizer } = request;
  const { signal } = calls;
  parts.checkRequest(request);
  const data = await parts.openData(location, { ...filters, task });
  const survey = await surveyItems(task, data.items(), { location, needsMedia: parts.needsMedia(request), signal });
  const opened: EvalSystem[] = [];
  try {
    const given = await openGiven(request, parts, opened);
    const gathered = await parts.gatherSystems(request, calls);
    const systems = [...gathered.before, ...given, ...gathered.after];
    opened.push(...gathered.before, ...gathered.after);
    checkNames(systems);
    const fingerprint = await fingerprintOf(request, data, systems, gathered);
    const results = await runEvaluation({
      task,
      data,
      survey,
      systems,
      judge: parts.openJudge(task, normalizer),
      summarize: parts.summarize,
      folder,
      fingerprint,
      restart: request.restart,
      mainRate: request.mainRate,
      seed: request.seed,
      draws: request.draws,
      command: request.command,
      machine: machineFacts(),
      ...calls,
    });
    return { results, reportPath: await parts.writeReport(folder) };
  } finally {
    for (const system of opened) await system.close?.();
  }
}

/** Hypothesis files pair with the whole data set, so that a limit does not shift their lines. */
async function openGiven(request: EvalRequest, parts: EvalParts, opened: EvalSystem[]): Promise<EvalSystem[]> {
  const { task, location, filters, hypotheses } = request;
  const { limit: _, sets: __, languages: ___, ...whole } = filters;
  const all = await parts.openData(location, { ...whole, task });
  for (const { path, form } of hypotheses) {
    opened.push(await openHypotheses({ path, form, task, items: () => all.items() }));
  }
  return [...opened];
}

function checkNames(systems: readonly EvalSystem[]): void {
  if (systems.length > SYSTEMS_MAX) {
    throw new AppError('usage', `${systems.length} systems; at most ${SYSTEMS_MAX} fit a run.`);
  }
  const seen = new Set<string>();
  for (const { name } of systems) {
    if (seen.has(name)) throw new AppError('usage', `Two systems are called ${name}.`);
    seen.add(name);
  }
}

async function fingerprintOf(
  request: EvalRequest,
  data: { readonly form: string },
  systems: readonly EvalSystem[],
  gathered: GatheredSystems,
): Promise<RunFingerprint> {
  const { task, location, filters, folder, normalizer, mainRate } = request;
  const identities = [await dataIdentity(location, [folder])];
  for (const target of filters.targets ?? []) identities.push(await dataIdentity(target));
  return {
    task,
    data: { location: resolve(location), form: data.form, identity: identities.join(' ') },
    systems: systems.map(({ name, settings }) => ({ name, settings })),
    settings: { ...filters, ...normalizer, ...(mainRate ? { mainRate } : {}), ...gathered.settings },
    models: gathered.models,
    commit: await projectCommit(),
  };
}
