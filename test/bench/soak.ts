/**
 * The service with real models under mixed load for some minutes: live streams, uploads, cancels, garbage, slow readers,
 * from a seed, over loopback. Every request is followed to its end, and the processes are looked at from outside.
 *
 *   npm run bench -- soak --minutes 10 --streams 3 --seed 1
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import { RESUME_MS_MAX } from '../../services/ws/limits.ts';
import type { BenchOptions } from './bench-options.ts';
import { note } from './bench-report.ts';
import type { BenchResult } from './main.ts';
import { Ledger } from './soak/ledger.ts';
import { loadMaterial } from './soak/material.ts';
import { nativeStream } from './soak/native-streams.ts';
import { oddClient } from './soak/odd-clients.ts';
import { fuseStream, realtimeStream } from './soak/other-sockets.ts';
import { type Findings, faultsOf, memorySlope, tablesOf } from './soak/report.ts';
import { Sampler, STEADY_ROLES } from './soak/sampler.ts';
import { type Action, actions, type LaneName } from './soak/schedule.ts';
import { ServiceProcess } from './soak/service-process.ts';
import type { Target } from './soak/target.ts';
import { upload, warmUp } from './soak/uploads.ts';

const MINUTES = 10;
const STREAMS = 3;
const UPLOADERS = 2;
const SAMPLE_MS = 5_000;
/** After warming up: collections of garbage, connections that close. */
const REST_MS = 5_000;
const PROGRESS_MS = 60_000;

export async function run(options: BenchOptions): Promise<BenchResult> {
  if (process.platform !== 'linux') throw new AppError('usage', 'The soak reads /proc, so it runs on Linux alone.');
  const minutes = positive(options, 'minutes', MINUTES);
  const streams = positive(options, 'streams', STREAMS);
  const material = await loadMaterial(options);
  const service = await ServiceProcess.start();
  const sampler = new Sampler(service);
  try {
    const target: Target = { port: service.port, ledger: new Ledger(systemClock), material };
    note(`warming up; ${material.clips.length} clips`);
    await warmUp(target);
    await setTimeout(REST_MS);
    const before = await sampler.look();
    sampler.start(SAMPLE_MS);
    const delay = monitorEventLoopDelay();
    delay.enable();
    await load(target, service, { minutes, streams, seed: options.seed });
    const samples = sampler.samples.slice();
    delay.disable();
    note('the load is over; sessions without a client are waited for');
    await Promise.race([setTimeout(RESUME_MS_MAX + REST_MS), service.ended]);
    sampler.stop();
    const after = await sampler.look();
    const crash = service.end;
    const end = await service.stop();
    const { ledger } = target;
    const { statuses, errors, said } = service;
    const findings: Findings = { ledger, samples, before, after, statuses, errors, said, crash, end };
    const ownDelayMs = Math.round(delay.percentile(99) / 1e6);
    return {
      tables: [
        `${minutes} min, ${streams} streams, ${UPLOADERS} uploaders, seed ${options.seed}; ended within ${end.ms} ms; the clients' own event loop was late by ${ownDelayMs} ms (99%)`,
        ...tablesOf(findings),
      ],
      results: {
        minutes,
        streams,
        tally: ledger.tally().map((tally) => ({ ...tally, codes: Object.fromEntries(tally.codes) })),
        memoryMibPerMinute: Object.fromEntries(STEADY_ROLES.map((role) => [role, memorySlope(samples, role)])),
        statuses: Object.fromEntries(statuses),
        errors,
        said,
        before,
        samples,
        after,
        endMs: end.ms,
      },
      faults: faultsOf(findings),
    };
  } finally {
    sampler.stop();
    await service.stop();
  }
}

/** Runs all lanes for so long, and then until every request has its end. */
async function load(
  target: Target,
  service: ServiceProcess,
  { minutes, streams, seed }: { readonly minutes: number; readonly streams: number; readonly seed: number },
): Promise<void> {
  const endMs = performance.now() + minutes * 60_000;
  const isOver = () => performance.now() >= endMs || service.end !== undefined;
  const lane = async (name: LaneName, index: number, act: (target: Target, action: Action) => Promise<void>) => {
    for (const action of actions(name, index, seed)) {
      await setTimeout(Math.min(action.pauseMs, Math.max(0, endMs - performance.now())));
      if (isOver()) return;
      await act(target, action);
    }
  };
  const lanes = [
    ...Array.from({ length: streams }, (_, i) => lane('live', i, live)),
    ...Array.from({ length: UPLOADERS }, (_, i) => lane('upload', i, upload)),
    lane('odd', 0, oddClient),
  ];
  const progress = setInterval(() => {
    const all = target.ledger.tally();
    const sum = (of: (tally: (typeof all)[number]) => number) => all.reduce((total, tally) => total + of(tally), 0);
    note(`${sum(({ sent }) => sent)} sent, ${target.ledger.open} open, ${target.ledger.findingCount} findings`);
  }, PROGRESS_MS);
  try {
    await Promise.all(lanes);
    await target.ledger.settled();
  } finally {
    clearInterval(progress);
  }
}

async function live(target: Target, action: Action): Promise<void> {
  if (action.kind === 'realtime') await realtimeStream(target, action);
  else if (action.kind === 'fuse') await fuseStream(target, action);
  else await nativeStream(target, action);
}

function positive({ flags }: BenchOptions, name: string, fallback: number): number {
  const value = Number(flags.get(name) ?? fallback);
  if (!(value > 0)) throw new AppError('usage', `--${name} ${flags.get(name)} is not a number above 0`);
  return value;
}
