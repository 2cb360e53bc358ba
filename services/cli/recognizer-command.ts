/** `bytefuse recognizer`: serves this machine's recognizer to a combiner elsewhere. */

import { Command } from 'commander';
import { AppError } from '../../models/core/app-error.ts';
import { dialCombiner } from '../recognizer/dial-combiner.ts';
import { listenForCombiners } from '../recognizer/listen-for-combiners.ts';
import { parseListenAddress } from '../transport/web-socket-listener.ts';
import type { WorkerModule } from '../transport/worker-thread.ts';
import { numberBetween } from './option-values.ts';

/** The variable that holds the key, so that it need not stand in a command line that others can read. */
export const PEER_KEY_VARIABLE = 'BYTEFUSE_PEER_KEY';

export interface RecognizerFlags {
  readonly connect?: string;
  readonly listen?: string;
  readonly key?: string;
  readonly wait: number;
  readonly redial?: boolean;
}

export interface RecognizerCommandOptions {
  /** Fired by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Makes the recognizer's model ready and names the module that serves it; gets the flags of `addFlags` as well. */
  readonly openModule: (flags: Readonly<Record<string, unknown>>) => Promise<WorkerModule>;
  /** Adds the options that choose the model: --model, --device, --threads and the like. */
  readonly addFlags?: (command: Command) => Command;
  /** A line for people; standard error by default. */
  readonly note?: (line: string) => void;
}

/** Longest wait for a combiner: a day. */
const WAIT_SECONDS_MAX = 86_400;

/** The subcommand, to be mounted with `program.addCommand`. Its action throws AppError. */
export function recognizerCommand(options: RecognizerCommandOptions): Command {
  const note = options.note ?? ((line: string) => process.stderr.write(`${line}\n`));
  const command = new Command('recognizer')
    .description('serve the recognizer of this machine to a combiner elsewhere (docs/protocol.md)')
    .option('--connect <url>', 'dial the combiner at ws://HOST:PORT, wss://... or ws+unix:PATH')
    .option('--listen <address>', 'wait for combiners at HOST:PORT, PORT (this machine only) or unix:PATH')
    .option('--key <text>', `key that both sides share (better: ${PEER_KEY_VARIABLE})`)
    .option(
      '--wait <seconds>',
      'how long to try until the combiner answers',
      numberBetween('--wait', 0, WAIT_SECONDS_MAX),
      30,
    )
    .option('--redial', 'dial again whenever the combiner goes away');
  return (options.addFlags?.(command) ?? command).action(async (flags: RecognizerFlags & Record<string, unknown>) => {
    const { connect, listen } = flags;
    if ((connect === undefined) === (listen === undefined)) {
      throw new AppError('usage', 'Give either --connect or --listen.');
    }
    // Both are checked before a model is fetched for nothing.
    if (connect !== undefined) checkPeerUrl('--connect', connect);
    const address = listen === undefined ? undefined : parseListenAddress(listen);
    const common = {
      key: flags.key ?? process.env[PEER_KEY_VARIABLE],
      recognizer: await options.openModule(flags),
      signal: options.signal,
      onState: note,
    };
    if (address !== undefined) await listenForCombiners({ ...common, address });
    const waitMs = flags.wait * 1000;
    if (connect !== undefined) await dialCombiner({ ...common, url: connect, waitMs, redial: flags.redial ?? false });
  });
}

/** Throws usage where `url` is no address that a peer can be dialed at. */
export function checkPeerUrl(option: string, url: string): void {
  if (!/^(wss?:\/\/[^/]|ws\+unix:.)/.test(url)) {
    throw new AppError('usage', `${option} ${url}: give ws://HOST:PORT, wss://... or ws+unix:PATH.`);
  }
}
