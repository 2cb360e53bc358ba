/** `npm run bench -- fuzz`: many seeded malformed requests over HTTP on this machine, and what they leave behind. */
import { fuzzHttp } from '../support/http-fuzz.ts';
import { toyServer } from '../support/toy-server.ts';
import type { BenchOptions } from './bench-options.ts';
import { note } from './bench-report.ts';
import type { BenchResult } from './main.ts';

const REQUESTS = 50_000;
/** Requests between two looks at the memory. */
const ROUND = 5_000;

export async function run({ limit = REQUESTS, seed }: BenchOptions): Promise<BenchResult> {
  const undo: (() => unknown)[] = [];
  const { port, log, url } = await toyServer({ after: (fn: unknown) => undo.push(fn as () => unknown) });
  const statuses: Record<string, number> = {};
  const faults: unknown[] = [];
  const residentMb: number[] = [];
  const startedMs = performance.now();
  for (let done = 0; done < limit; done += ROUND) {
    const report = await fuzzHttp(port, Math.min(ROUND, limit - done), seed + done);
    for (const [status, count] of Object.entries(report.statuses)) statuses[status] = (statuses[status] ?? 0) + count;
    faults.push(...report.faults);
    residentMb.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
    note(`${done + report.sent} sent, ${faults.length} faults, ${residentMb.at(-1)} MB resident`);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const alive = (await fetch(`${url}/healthz`)).status === 200;
  for (const one of undo) await one();
  const rows = Object.entries(statuses).map(
    ([status, count]) => `| ${status === '0' ? 'hung up on' : status} | ${count} |`,
  );
  const table = `| answer | requests |\n|---|---|\n${rows.join('\n')}`;
  const summary =
    `${limit} requests in ${seconds.toFixed(0)} s, ${faults.length} faults, still alive: ${alive}, ` +
    `work left: ${log.running}, resident memory by round (MB): ${residentMb.join(', ')}`;
  return {
    tables: [table, summary],
    results: { limit, seed, statuses, faults, alive, running: log.running, residentMb },
  };
}
