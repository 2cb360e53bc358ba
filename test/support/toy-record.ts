import type { Clock } from '../../fusion/protocol/deadline.ts';
import { ServiceMetrics } from '../../services/metrics/service-metrics.ts';
import { SessionRecord } from '../../services/ws/session-record.ts';

/** Records of sockets, whose figures and lines a test can read. */
export function toyRecords(clock: Clock, logText = false) {
  const lines: Record<string, unknown>[] = [];
  const write = (level: string) => (fields: object, msg: string) => void lines.push({ level, msg, ...fields });
  const parts = {
    clock,
    metrics: new ServiceMetrics(),
    log: { info: write('info'), error: write('error') },
    logText,
  };
  let count = 0;
  return {
    lines,
    metrics: parts.metrics,
    /** The record of the next connection; their requests are `r1`, `r2`, ... */
    record: (route = '/v1/stream') => new SessionRecord(route, `r${++count}`, parts),
  };
}
