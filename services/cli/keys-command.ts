/** `bytefuse keys add|list|revoke`: who may use the service from other machines. */

import { Command, Option } from 'commander';
import { AppError } from '../../models/core/app-error.ts';
import { type ApiKey, SCOPES, type Scope } from '../keys/api-key.ts';
import { addKey, keyFilePath, readKeys, revokeKey } from '../keys/key-file.ts';
import { NAME_CHARS_MAX } from '../keys/limits.ts';
import { someOf, wholeNumber } from './option-values.ts';

interface AddFlags {
  readonly scopes: Scope[];
  readonly rateRequests?: number;
  readonly rateAudio?: number;
  readonly ratePixels?: number;
}

/** `print`: a line of the result, on stdout. */
export function keysCommand(print = (line: string) => void process.stdout.write(`${line}\n`)): Command {
  const keys = new Command('keys').description('API keys of the service (bytefuse serve)');
  const add = keys
    .command('add <name>')
    .description('make a key and print it, once')
    .addOption(
      new Option('--scopes <list>', `what it opens, with commas: ${SCOPES.join(', ')}`)
        .argParser(someOf('--scopes', SCOPES))
        .default(['transcribe', 'read', 'stream', 'fuse'], 'transcribe,read,stream,fuse'),
    );
  for (const [flag, what] of [
    ['--rate-requests', 'requests a minute'],
    ['--rate-audio', 'seconds of audio an hour'],
    ['--rate-pixels', 'pixels an hour'],
  ] as const) {
    const option = new Option(`${flag} <n>`, `${what}; the service’s own limit otherwise`);
    add.addOption(option.argParser(wholeNumber(flag, 1, Number.MAX_SAFE_INTEGER)));
  }
  add.action(async (name: string, flags: AddFlags) => {
    if (name.length > NAME_CHARS_MAX || !/^[\p{L}\p{N} ._@-]+$/u.test(name)) {
      throw new AppError('usage', `The name of a key has at most ${NAME_CHARS_MAX} letters, digits, spaces and ._@-`);
    }
    const { scopes, rateRequests, rateAudio, ratePixels } = flags;
    const limits = {
      ...(rateRequests === undefined ? {} : { requestsPerMinute: rateRequests }),
      ...(rateAudio === undefined ? {} : { audioSecondsPerHour: rateAudio }),
      ...(ratePixels === undefined ? {} : { pixelsPerHour: ratePixels }),
    };
    const { secret, key } = await addKey(keyFilePath(), { name, scopes, limits });
    process.stderr.write(`Key ${key.id} for ${name}. It is shown this once:\n`);
    print(secret);
  });
  keys
    .command('list')
    .description('list them; the keys themselves are not kept')
    .action(async () => {
      for (const key of await readKeys(keyFilePath())) print(rowOf(key));
    });
  keys
    .command('revoke <id>')
    .description('take one back; a running service drops it within a second')
    .action(async (id: string) => {
      const { name } = await revokeKey(keyFilePath(), id);
      process.stderr.write(`Key ${id} (${name}) is revoked.\n`);
    });
  return keys;
}

function rowOf({ id, name, scopes, limits, createdAt }: ApiKey): string {
  const bounds = Object.entries(limits).map(([limit, value]) => `${limit}=${value}`);
  return [id, createdAt.slice(0, 10), scopes.join(','), bounds.join(',') || '-', name].join('\t');
}
