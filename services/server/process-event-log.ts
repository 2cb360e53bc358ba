import type { FastifyBaseLogger } from 'fastify';
import type { SupervisorEvent } from '../supervisor/supervisor.ts';

type Level = 'info' | 'warn' | 'error';

/** What becomes of the models' processes, as lines of the service's log: a crash is an error, a restart a line of its own. */
export function processEventLog(log: Pick<FastifyBaseLogger, Level>): (event: SupervisorEvent) => void {
  return (event) => {
    const { kind, ...told } = event;
    log[levelOf(event)](fieldsOf(told), `model process: ${kind}`);
  };
}

/** Every line of the log has a `pid` already: that of the process that writes it. */
function fieldsOf<T extends object>(told: T): object {
  if (!('pid' in told)) return told;
  const { pid, ...fields } = told;
  return { ...fields, modelPid: pid };
}

function levelOf(event: SupervisorEvent): Level {
  if (event.kind === 'exited') return event.crash ? 'error' : 'info';
  if (event.kind === 'state') return event.state === 'failed' ? 'error' : 'info';
  return event.kind === 'backoff' || event.kind === 'stderr' ? 'warn' : 'info';
}
