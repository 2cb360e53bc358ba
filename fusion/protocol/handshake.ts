import { AppError } from '../../models/core/app-error.ts';
import type { RecognizerInfo } from '../../models/core/recognizer.ts';
import { PROTOCOL_VERSIONS } from './limits.ts';
import type { Hello, Message, RecognizerHello, Role } from './messages.ts';

/** Roles that may sit at the other end of a link. */
export const PEER_ROLES: Readonly<Record<Role, readonly Role[]>> = {
  application: ['combiner'],
  combiner: ['application', 'recognizer'],
  recognizer: ['combiner'],
};

export interface Peer {
  /** The version that both speak. */
  readonly version: number;
  readonly hello: Hello;
}

export type RecognizerPeer = RecognizerInfo & RecognizerHello;

/**
 * Reads the peer's first message. Throws protocol_error: not a hello, no version in common, a role that does not belong
 * at the other end, or a recognizer that does not say what it is.
 */
export function meet(
  message: Message,
  role: Role,
  versions: readonly number[] = PROTOCOL_VERSIONS,
  expected: readonly Role[] = PEER_ROLES[role],
): Peer {
  if (message.type !== 'hello') {
    throw new AppError('protocol_error', `Field type: the first message must be hello, found ${message.type}.`);
  }
  const common = message.versions.filter((version) => versions.includes(version));
  if (common.length === 0) {
    throw new AppError(
      'protocol_error',
      `Field versions: no version in common; here ${versions.join(', ')}, there ${message.versions.join(', ')}.`,
    );
  }
  if (!expected.includes(message.role)) {
    throw new AppError('protocol_error', `Field role: expected ${expected.join(' or ')}, found ${message.role}.`);
  }
  if ((message.role === 'recognizer') !== (message.recognizer !== undefined)) {
    throw new AppError('protocol_error', 'Field recognizer: a recognizer sends it, and no one else.');
  }
  return { version: Math.max(...common), hello: message };
}
