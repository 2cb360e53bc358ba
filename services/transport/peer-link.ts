import { decodeMessage, encodeMessage } from '../../fusion/protocol/codec.ts';
import { CreditMeter, CreditWindow } from '../../fusion/protocol/credit-window.ts';
import { type Clock, systemClock } from '../../fusion/protocol/deadline.ts';
import { meet } from '../../fusion/protocol/handshake.ts';
import { CREDIT_INITIAL_BYTES, HELLO_MS_MAX, PROTOCOL_VERSIONS } from '../../fusion/protocol/limits.ts';
import type { ErrorMessage, Hello, Message, RecognizerHello, Role } from '../../fusion/protocol/messages.ts';
import { AppError, ERRORS, type ErrorCode } from '../../models/core/app-error.ts';
import type { Channel } from './channel.ts';

/** Who this side is. */
export interface LinkIdentity {
  readonly role: Role;
  readonly name: string;
  readonly recognizer?: RecognizerHello;
  readonly versions?: readonly number[];
  /** Roles accepted at the other end; all that fit by default. */
  readonly expected?: readonly Role[];
  readonly creditBytes?: number;
  /** How long the peer may take to say hello; a worker that still loads its model may take longer. */
  readonly helloMsMax?: number;
}

/** What a link passes on. */
export type LinkMessage = Exclude<Message, Hello>;

export interface LinkEvents {
  /** Every message after the hello. `frameBytes` is what a data frame costs. What it throws ends the link. */
  message(message: LinkMessage, frameBytes: number): void;
  /** Once, at the end. An error that names why: peer_lost, protocol_error, or the peer's own. */
  closed(error: AppError): void;
}

/** Longer error texts are cut: they may quote what a peer sent. */
const ERROR_CHARS_MAX = 4000;

interface Met {
  readonly resolve: (hello: Hello) => void;
  readonly reject: (error: AppError) => void;
}

/**
 * The protocol on one channel: says hello, checks the peer's, then passes on messages. A frame that cannot be read, or
 * that `message` refuses, is answered with an `error` that has no stream, and the channel is closed.
 */
export class PeerLink {
  readonly clock: Clock;
  /** The peer's hello. Rejects where the link ends before it. */
  readonly ready: Promise<Hello>;
  #channel: Channel;
  #identity: LinkIdentity;
  #events: LinkEvents;
  #peer: Hello | undefined;
  #ended = false;
  #met: Met;
  #callOffHello: () => void;

  constructor(channel: Channel, identity: LinkIdentity, events: LinkEvents, clock: Clock = systemClock) {
    this.#channel = channel;
    this.#identity = identity;
    this.#events = events;
    this.clock = clock;
    let met: Met | undefined;
    this.ready = new Promise((resolve, reject) => {
      met = { resolve, reject };
    });
    this.#met = met!;
    // Who does not wait for `ready` hears of the same failure through `closed`.
    this.ready.catch(() => undefined);
    const helloMsMax = identity.helloMsMax ?? HELLO_MS_MAX;
    this.#callOffHello = clock.after(helloMsMax, () => {
      this.fail(new AppError('protocol_error', `The peer said no hello within ${helloMsMax} ms.`));
    });
    channel.onClose((error) => this.#end(error ?? new AppError('peer_lost', 'The connection was closed.')));
    this.send({
      type: 'hello',
      versions: identity.versions ?? PROTOCOL_VERSIONS,
      role: identity.role,
      name: identity.name,
      creditBytes: this.creditBytes,
      ...(identity.recognizer === undefined ? {} : { recognizer: identity.recognizer }),
    });
    channel.onFrame((frame) => this.#frame(frame));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Credit that this side grants per stream. */
  get creditBytes(): number {
    return this.#identity.creditBytes ?? CREDIT_INITIAL_BYTES;
  }

  /** Both directions of a new stream's flow control. */
  openCredits(): StreamCredits {
    return new StreamCredits(this, this.#peer?.creditBytes ?? 0);
  }

  send(message: Message): void {
    this.sendFrame(encodeMessage(message));
  }

  sendFrame(frame: Uint8Array): void {
    if (!this.#ended) this.#channel.send(frame);
  }

  /** Tells the peer what is wrong and closes. */
  fail(error: AppError): void {
    if (this.#ended) return;
    this.#channel.send(channelError(error));
    this.#end(error);
  }

  /** Ends the link from this side. */
  close(): void {
    this.#end(new AppError('peer_lost', 'The connection was closed by this side.'));
  }

  #frame(frame: Uint8Array): void {
    if (this.#ended) return;
    try {
      const message = decodeMessage(frame);
      if (message.type === 'error' && message.stream === undefined) {
        this.#end(errorOf(message));
      } else if (this.#peer === undefined) {
        const { role, versions, expected } = this.#identity;
        this.#peer = meet(message, role, versions, expected).hello;
        this.#callOffHello();
        this.#met.resolve(this.#peer);
      } else if (message.type === 'hello') {
        throw new AppError('protocol_error', 'Field type: a second hello.');
      } else {
        this.#events.message(message, frame.length);
      }
    } catch (error) {
      this.fail(AppError.from(error));
    }
  }

  #end(error: AppError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#callOffHello();
    this.#met.reject(error);
    this.#channel.close();
    this.#events.closed(error);
  }
}

/** Flow control of one stream on one link. */
export class StreamCredits {
  readonly out: CreditWindow;
  #in: CreditMeter;
  #link: PeerLink;

  constructor(link: PeerLink, peerCreditBytes: number) {
    this.#link = link;
    this.out = new CreditWindow(peerCreditBytes);
    this.#in = new CreditMeter(link.creditBytes);
  }

  /** Sends a data frame once there is credit for it. */
  async send(message: Message): Promise<void> {
    const frame = encodeMessage(message);
    await this.out.take(frame.length);
    this.#link.sendFrame(frame);
  }

  received(frameBytes: number): void {
    this.#in.received(frameBytes);
  }

  consumed(stream: number, frameBytes: number): void {
    const bytes = this.#in.consumed(frameBytes);
    if (bytes > 0) this.#link.send({ type: 'credit', stream, bytes });
  }
}

/** Ends a channel that cannot be served, and says why. */
export function refuseChannel(channel: Channel, error: AppError): void {
  channel.send(channelError(error));
  channel.close();
}

function channelError({ code, message }: AppError): Uint8Array {
  return encodeMessage({ type: 'error', code, message: message.slice(0, ERROR_CHARS_MAX) });
}

/** The error that a peer reported; a code that this build does not know is `internal`. */
export function errorOf({ code, message }: ErrorMessage): AppError {
  const known = Object.hasOwn(ERRORS, code);
  return new AppError(known ? (code as ErrorCode) : 'internal', known ? message : `${message} (${code})`);
}

/** `error` as a message; internal errors keep their text, for both ends belong to the same user. */
export function errorMessage(stream: number, error: unknown): ErrorMessage {
  const { code, message } = AppError.from(error);
  return { type: 'error', stream, code, message: message.slice(0, ERROR_CHARS_MAX) };
}
