/** What a soak found, as tables and as a list of faults. */
import { quantile } from '../../../services/eval/bootstrap.ts';
import { table } from '../bench-report.ts';
import { type Ledger, OUTCOMES, type Tally } from './ledger.ts';
import { replacements, type Sample, STEADY_ROLES } from './sampler.ts';
import type { ServiceEnd, ServiceStop } from './service-process.ts';
import { secondHalf, theilSen } from './slope.ts';

export interface Findings {
  readonly ledger: Pick<Ledger, 'tally' | 'findings' | 'findingCount' | 'open'>;
  /** While the load ran. */
  readonly samples: readonly Sample[];
  /** Before the load, warmed up and at rest; and after it, once sessions that wait for their clients are given up. */
  readonly before: Sample;
  readonly after: Sample;
  /** Status and count of the requests in the service's own log. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Lines of that log from level `error` on, and what came on stderr. */
  readonly errors: readonly string[];
  readonly said: readonly string[];
  /** The process ended although nobody told it to. */
  readonly crash: ServiceEnd | undefined;
  /** Exit status once it was told to end, and what it left on the disk. */
  readonly end: Pick<ServiceStop, 'status' | 'signal' | 'left'>;
}

/** Exit status of a service that SIGTERM has ended in good order. */
const TERMINATED = 143;
const MIB = 2 ** 20;

/** What must not be; empty where all is well. */
export function faultsOf({ ledger, samples, before, after, statuses, errors, crash, end }: Findings): string[] {
  const faults = [...ledger.findings];
  if (ledger.findingCount > faults.length) faults.push(`${ledger.findingCount - faults.length} further findings`);
  if (ledger.open > 0) faults.push(`${ledger.open} requests have no end`);
  for (const [status, count] of statuses) {
    if (status >= 500 && status !== 503) faults.push(`${count} answers of status ${status} in the service's log`);
  }
  for (const line of errors) faults.push(`in the service's log: ${line}`);
  if (crash !== undefined) faults.push(`the service ended by itself: ${crash.signal ?? crash.status}`);
  else if (end.status !== TERMINATED) faults.push(`told to end, the service ended with ${end.signal ?? end.status}`);
  for (const role of STEADY_ROLES) {
    const count = replacements([before, ...samples, after], role);
    if (count > 0) faults.push(`the ${role} process was lost ${count} times`);
  }
  if (after.temporaryFiles > 0) faults.push(`${after.temporaryFiles} temporary files were left after all had ended`);
  if (end.left.length > 0) faults.push(`left on the disk at the end: ${end.left.join(', ')}`);
  return faults;
}

export function tablesOf(findings: Findings): string[] {
  return [requestTable(findings.ledger.tally()), memoryTable(findings), factsOf(findings)];
}

function requestTable(tallies: readonly Tally[]): string {
  const rows = tallies.map(({ kind, sent, accepted, ends, codes }) => [
    kind,
    sent,
    accepted,
    ...OUTCOMES.map((outcome) => ends[outcome]),
    [...codes].map(([code, count]) => `${code} ${count}`).join(', '),
  ]);
  return table(['kind', 'sent', 'accepted', ...OUTCOMES, 'codes of those refused and failed'], rows);
}

function memoryTable({ before, samples, after }: Findings): string {
  const rows = STEADY_ROLES.map((role) => {
    const of = (sample: Sample) => sample.processes.find((one) => one.role === role);
    const mib = (sample: Sample) => Math.round((of(sample)?.residentBytes ?? Number.NaN) / MIB);
    const slope = memorySlope(samples, role);
    const peak = Math.max(...samples.map(mib).filter(Number.isFinite));
    const fds = (sample: Sample) => of(sample)?.descriptors ?? '-';
    return [role, mib(before), peak, mib(after), slope.toFixed(2), fds(before), fds(after)];
  });
  const others = (sample: Sample) => sample.processes.filter(({ role }) => role === 'other');
  const sum = (sample: Sample) =>
    Math.round(others(sample).reduce((total, { residentBytes }) => total + residentBytes, 0) / MIB);
  const counts = [before, after].map((sample) => `${others(sample).length} processes`);
  rows.push(['decoders of documents', sum(before), Math.max(...samples.map(sum)), sum(after), '-', ...counts]);
  const head = ['process', 'MiB before', 'peak', 'after', 'MiB/min, 2nd half', 'descriptors before', 'after'];
  return table(head, rows);
}

/** Growth of a role's resident memory in MiB a minute, by Theil and Sen over the second half of the load. */
export function memorySlope(samples: readonly Sample[], role: string): number {
  const points = samples.flatMap(({ atS, processes }) => {
    const own = processes.find((one) => one.role === role);
    return own === undefined ? [] : [{ x: atS / 60, y: own.residentBytes / MIB }];
  });
  return theilSen(secondHalf(points));
}

function factsOf({ samples, after, statuses, said, end, crash }: Findings): string {
  const healthMs = samples.map((sample) => sample.healthMs).sort((a, b) => a - b);
  const most = (of: (sample: Sample) => number) => Math.max(0, ...samples.map(of));
  const seen = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  const bad = [...statuses].filter(([status]) => status >= 500 && status !== 503);
  return [
    `answers by status, in the service's log: ${seen.join(', ')}; of 500 and above other than 503: ${bad.reduce((sum, [, count]) => sum + count, 0)}`,
    `crashes of the service: ${crash === undefined ? 0 : 1}; exit when told to end: ${end.status ?? end.signal}`,
    `time of /healthz: median ${quantile(healthMs, 0.5).toFixed(0)} ms, 95% ${quantile(healthMs, 0.95).toFixed(0)} ms, longest ${quantile(healthMs, 1).toFixed(0)} ms`,
    `most at once: ${most(({ running }) => running)} running, ${most(({ waiting }) => waiting)} waiting, ${most(({ temporaryFiles }) => temporaryFiles)} temporary files; after all: ${after.running}, ${after.waiting}, ${after.temporaryFiles}`,
    ...(said.length === 0 ? [] : ['on its error stream:', ...said]),
  ].join('\n');
}
