import { randomBytes } from 'node:crypto';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { AdmissionWatch } from './admission-watch.ts';
import { toldError } from './close-code.ts';
import { Connection, type ConnectionEvents, type ConnectionLimits } from './connection.ts';
import type { Admission } from './gate.ts';
import { FIRST_MESSAGE_MS_MAX } from './limits.ts';
import type { LiveSource } from './live-source.ts';
import type { SessionRecord } from './session-record.ts';
import type { SessionRoom } from './session-room.ts';
import type { Socket } from './socket.ts';
import { type Facts, StreamSession } from './stream-session.ts';
import { parseControl, parseStart, type StreamStart } from './stream-start.ts';

export interface StreamEntryParts {
  readonly source: LiveSource;
  readonly facts: () => Facts;
  readonly room: SessionRoom;
  readonly watch: AdmissionWatch;
  readonly clock: Clock;
  /** Who shows this key; null: none. The upgrade may have proved one already. */
  readonly admit: (key: string | null) => Promise<Admission>;
  readonly record: SessionRecord;
  readonly limits?: Partial<ConnectionLimits>;
  /** Once. */
  readonly closed: () => void;
}

/**
 * A connection of the native protocol: waits for `start`, lets its sender in, and joins it to a session, a new one or one
 * that waits for its client.
 */
export function enterStream(socket: Socket, parts: StreamEntryParts): Connection {
  /** What came behind `start` before its sender was let in: at most what was on its way when the socket was held. */
  const early: (() => void)[] = [];
  let state: 'waiting' | 'admitting' | 'joined' = 'waiting';
  const waiting: ConnectionEvents = {
    text: (data) => {
      if (state === 'admitting') early.push(() => joined!.text(data));
      else enter(parseStart(data));
    },
    binary: (data) => {
      if (state === 'waiting') throw new AppError('invalid_option', 'Audio came before start.', { param: 'type' });
      early.push(() => joined!.binary(data));
    },
    tell: (error) => JSON.stringify({ type: 'error', seq: 0, t: 0, ...toldError(error) }),
    closed: () => {
      callOffFirst();
      parts.closed();
    },
  };
  let joined: ConnectionEvents | undefined;
  const connection = new Connection(socket, waiting, parts.clock, { ...parts.limits, sessionMs: undefined });
  const callOffFirst = parts.clock.after(FIRST_MESSAGE_MS_MAX, () => {
    connection.fail(new AppError('request_timeout', `No start came within ${FIRST_MESSAGE_MS_MAX / 1000} s.`));
  });

  const enter = (start: StreamStart): void => {
    state = 'admitting';
    callOffFirst();
    connection.hold();
    parts.admit(start.key).then(
      (admission) => {
        if (!connection.isOpen) return;
        try {
          join(start, admission);
        } catch (error) {
          connection.fail(AppError.from(error));
        }
      },
      (error: unknown) => connection.fail(AppError.from(error)),
    );
  };

  const join = (start: StreamStart, admission: Admission): void => {
    const { source, facts, room, watch, clock, record } = parts;
    let session: StreamSession;
    record.admitted(admission.owner);
    if (start.kind === 'resume') {
      session = room.find(start.token, admission.owner, start.seq);
      record.carry(session.record);
    } else {
      const name = `s_${randomBytes(6).toString('hex')}`;
      record.admitted(admission.owner, name);
      session = new StreamSession(start, {
        source,
        facts,
        clock,
        admission,
        resumeToken: randomBytes(24).toString('base64url'),
        name,
        record,
        over: () => {
          endWatch();
          room.delete(session);
        },
      });
      const endWatch = watch.add(admission, (error) => session.revoke(error));
      room.add(session);
    }
    joined = {
      text: (data) => {
        connection.countControl();
        session.control(parseControl(data));
      },
      binary: (data) => {
        if (data.length === 0) connection.countControl();
        session.binary(data);
      },
      drained: () => session.flush(),
      finish: (error) => session.finish(error),
      tell: (error) => session.tell(error),
      closed: (error, clean) => {
        session.detach(connection, error, clean);
        room.parked();
        parts.closed();
      },
    };
    state = 'joined';
    connection.handOver(joined);
    connection.release();
    session.attach(connection, start.kind === 'resume' ? start.seq : null);
    try {
      for (const receive of early.splice(0)) if (connection.isOpen) receive();
    } catch (error) {
      connection.fail(AppError.from(error));
    }
  };
  return connection;
}
