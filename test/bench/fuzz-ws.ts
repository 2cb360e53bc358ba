/**
 * Malformed WebSocket input, seeded, many times over: no answer of 500 and above other than 503, no close code 1011, no
 * rejection that nobody handled, and memory that does not grow with the number of inputs.
 */
import { AppError } from '../../models/core/app-error.ts';
import { fuzzSockets } from '../support/socket-fuzz.ts';
import { startSocketServer } from '../support/socket-server.ts';
import type { BenchOptions } from './bench-options.ts';
import { note, table } from './bench-report.ts';
import type { BenchResult } from './main.ts';

const INPUTS = 50_000;
const BATCH = 5_000;

export async function run({ limit = INPUTS, seed }: BenchOptions): Promise<BenchResult> {
  const server = await startSocketServer();
  const bugs: string[] = [];
  const noteBug = (error: unknown) => bugs.push(String(error));
  process.on('unhandledRejection', noteBug);
  const ends: Record<string, number> = {};
  const residentMiB: number[] = [];
  try {
    const port = Number(server.host.split(':')[1]);
    for (let sent = 0; sent < limit; sent += BATCH) {
      const report = await fuzzSockets(port, Math.min(BATCH, limit - sent), seed * 1_000_000 + sent);
      for (const [end, count] of Object.entries(report.ends)) ends[end] = (ends[end] ?? 0) + count;
      for (const { seed: number, what } of report.faults) bugs.push(`input ${number}: ${what}`);
      residentMiB.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
      note(`${sent + report.sent} of ${limit}, ${residentMiB.at(-1)} MiB resident, ${bugs.length} faults`);
    }
  } finally {
    await server.close();
    process.removeListener('unhandledRejection', noteBug);
  }
  const { connections, sessions } = server.sockets.open;
  if (connections + sessions + server.source.open > 0) bugs.push('something was left behind');
  if (bugs.length > 0) throw new AppError('internal', `${bugs.length} faults: ${bugs.slice(0, 5).join('; ')}`);
  const rows = Object.entries(ends).sort(([, a], [, b]) => b - a);
  return {
    tables: [
      table(
        ['end of the connection', 'inputs'],
        rows.map(([end, count]) => [end, String(count)]),
      ),
    ],
    results: { inputs: limit, ends, residentMiB, faults: bugs.length },
  };
}
