/** `bytefuse serve`: the HTTP service. `npm start` without a command runs it. */

import { Command } from 'commander';
import { readWhisperModelFile } from '../../models/whisper/whisper-model.ts';
import { WhisperTokens } from '../../models/whisper/whisper-tokens.ts';
import type { Bytefuse } from '../app/bytefuse.ts';
import { readyModels } from '../app/ready-models.ts';
import type { TokenPieces } from '../server/engine-door.ts';
import { serve } from '../server/listen.ts';
import { openReporter } from './reporter.ts';
import { addServeFlags, configOf, modelOptionsOf, type ServeFlags, tlsFilesOf } from './serve-flags.ts';

export function serveCommand(signal: AbortSignal, version: string): Command {
  const command = new Command('serve').description('serve recognition over HTTP (docs/api.md)');
  return addServeFlags(command).action(async (flags: ServeFlags) => {
    const config = configOf(flags, process.env, version);
    const models = modelOptionsOf(flags);
    const reporter = openReporter({ quiet: false, verbose: false, stream: process.stderr });
    const say = (text: string): void => {
      reporter.clear();
      process.stderr.write(`${text}\n`);
    };
    try {
      await serve({
        config,
        port: flags.port,
        requireKeys: flags.requireKeys ?? false,
        tls: tlsFilesOf(flags),
        models: {
          ...models,
          onModelProgress: (progress) => reporter.model(progress),
          onNotice: (model, text) => reporter.notice(model, text),
        },
        // One JSON line per request on stdout; what people read is on stderr.
        logger: { level: flags.logLevel },
        signal,
        onListening: (url) => say(`Listening at ${url}; loading the models ...`),
        onReady: (url, { facts }) => say(readyText(url, facts)),
        openPieces,
      });
    } finally {
      reporter.clear();
    }
  });
}

function readyText(url: string, { recognizer, pages, llm, device, threads }: Bytefuse['facts']): string {
  const parts = [recognizer ?? '', pages ?? '', llm ?? 'no language model'].filter((name) => name !== '');
  return `Ready at ${url}: ${parts.join(', ')}; ${device}, ${threads} threads. Ctrl-C ends.`;
}

/** The recognizer's vocabulary alone, without its weights. */
async function openPieces({ facts }: Bytefuse): Promise<TokenPieces | null> {
  const { recognizer } = facts;
  if (recognizer === null || recognizer === 'remote') return null;
  const [folder] = await readyModels([{ name: recognizer, kind: 'whisper' }], {});
  return WhisperTokens.open(folder!, await readWhisperModelFile(folder!));
}
