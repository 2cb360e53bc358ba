/**
 * Live speech. On the audio's clock (`--clock audio`, the default) passes take no time, so errors and stability of policies
 * and intervals are compared without the machine in it; in real time (`--clock real`) the product with its workers is fed at
 * the pace of speech, one stream or `--streams N` at once.
 */
import type { PolicyNumbers } from '../../fusion/beam/agreed-prefix.ts';
import { AppError } from '../../models/core/app-error.ts';
import { SAMPLE_RATE_HZ } from '../../models/core/limits.ts';
import type { ListenOptions, LiveInput } from '../../models/core/live.ts';
import { COMMIT_POLICIES } from '../../models/core/live.ts';
import { openBytefuse } from '../../services/app/bytefuse.ts';
import { median, quantile } from '../../services/eval/bootstrap.ts';
import { type EditCounts, errorRate, sumCounts } from '../../services/eval/error-rate.ts';
import { scoreText } from '../../services/eval/score.ts';
import { readSamples } from '../support/samples.ts';
import type { BenchOptions } from './bench-options.ts';
import { note, percent, table } from './bench-report.ts';
import { type Clip, readClips } from './clips.ts';
import { type ClipMeasures, measure, type TimedEvent } from './live-measures.ts';
import { type Listener, LiveSubject, listenOptions } from './live-subject.ts';
import type { BenchResult } from './main.ts';

/** What a microphone sends at a time. */
const CHUNK_S = 0.1;
/** Silence after a clip: a microphone goes on. */
const TAIL_S = 1.5;

/** One row of the table. */
interface Setting {
  readonly name: string;
  readonly options: Partial<ListenOptions>;
  /** On the audio's clock alone. */
  readonly numbers: Partial<PolicyNumbers>;
}

interface ClipRun {
  readonly clip: Clip;
  readonly setting: string;
  readonly measures: ClipMeasures;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const clips = await readClips(options);
  const clock = options.flags.get('clock') ?? 'audio';
  if (clock !== 'audio' && clock !== 'real') throw new AppError('usage', `--clock ${clock}: audio or real`);
  return clock === 'real' ? inRealTime(clips, options) : onAudioClock(clips, options);
}

async function onAudioClock(clips: readonly Clip[], options: BenchOptions): Promise<BenchResult> {
  const fused = !options.flags.has('no-fusion');
  const subject = await LiveSubject.open(options, fused);
  const runs: ClipRun[] = [];
  const offline: { clip: Clip; alone: EditCounts; fused: EditCounts }[] = [];
  try {
    for (const [i, clip] of clips.entries()) {
      const samples = await readSamples(clip.path);
      const { language, text } = clip;
      const score = async (weight?: number) =>
        scoreText(language, text, await subject.offline(samples, language, weight)).counts;
      const alone = await score(0);
      offline.push({ clip, alone, fused: fused ? await score() : alone });
      for (const { name, options: given, numbers } of settings(options)) {
        subject.numbers = numbers;
        const wanted = listenOptions(language, { ...given, ...(fused ? {} : { llmWeight: 0 }) });
        const events = await feed(subject, wanted, samples, 'audio');
        runs.push({ clip, setting: name, measures: measure(events, language, text) });
      }
      if ((i + 1) % 5 === 0) note(`${i + 1} of ${clips.length} clips`);
    }
  } finally {
    await subject.close();
  }
  const languages = [...new Set(clips.map((clip) => clip.language))];
  const tables = languages.map((language) => {
    const of = <T extends { clip: Clip }>(all: readonly T[]) => all.filter(({ clip }) => clip.language === language);
    const rate = (counts: readonly EditCounts[]) => percent(errorRate(sumCounts(counts)), 1);
    const rows = settings(options).map(({ name }) => {
      const own = of(runs)
        .filter(({ setting }) => setting === name)
        .map(({ measures }) => measures);
      return [name, ...stabilityCells(own), rate(own.map((one) => one.recognized)), rate(own.map((one) => one.fused))];
    });
    const whole = of(offline);
    rows.push([
      'offline',
      '',
      '',
      '',
      '',
      '',
      rate(whole.map((one) => one.alone)),
      rate(whole.map((one) => one.fused)),
    ]);
    const head = ['committed in 2 s', 'by partials', 'revised', 'erased per word', 'partial error'];
    return `${language}, ${of(clips.map((clip) => ({ clip }))).length} clips, time of the audio\n\n${table(
      ['policy', ...head, 'recognized', 'fused'],
      rows,
    )}`;
  });
  return {
    tables: [...tables, ...heardTwice(runs)],
    results: { runs: runs.map(plain), offline: offline.map((one) => ({ ...one, clip: one.clip.file })) },
  };
}

async function inRealTime(clips: readonly Clip[], options: BenchOptions): Promise<BenchResult> {
  const streams = Number(options.flags.get('streams') ?? 1);
  const bytefuse = await openBytefuse({ threads: options.threads });
  const listener: Listener = { listen: (input, wanted) => bytefuse.listen(input, wanted) };
  const runs: ClipRun[] = [];
  const refused: string[] = [];
  try {
    // The language model loads when it is first asked.
    await feed(listener, listenOptions(clips[0]!.language, {}), await readSamples(clips[0]!.path), 'audio');
    for (const { name, options: given } of settings(options)) {
      const queue = [...clips];
      const work = async () => {
        for (let clip = queue.shift(); clip !== undefined; clip = queue.shift()) {
          const { language, text } = clip;
          try {
            const events = await feed(listener, listenOptions(language, given), await readSamples(clip.path), 'real');
            runs.push({ clip, setting: name, measures: measure(events, language, text) });
          } catch (error) {
            refused.push(`${clip.file}: ${AppError.from(error).message}`);
          }
          note(`${runs.length} of ${clips.length * settings(options).length} streams`);
        }
      };
      await Promise.all(Array.from({ length: streams }, work));
    }
  } finally {
    await bytefuse.close();
  }
  const rows = settings(options).map(({ name }) => {
    const own = runs.filter(({ setting }) => setting === name).map(({ measures }) => measures);
    const seconds = (of: (one: ClipMeasures) => readonly number[]) => {
      const all = own.flatMap(of);
      return all.length === 0
        ? '-'
        : `${median(all).toFixed(2)} (${quantile(
            all.sort((a, b) => a - b),
            0.9,
          ).toFixed(2)})`;
    };
    const rate = (of: (one: ClipMeasures) => EditCounts) => percent(errorRate(sumCounts(own.map(of))), 1);
    return [
      name,
      seconds((one) => one.firstPartialS),
      seconds((one) => one.recognizedS),
      seconds((one) => one.fusedS),
      ...stabilityCells(own),
      rate((one) => one.recognized),
      rate((one) => one.fused),
      own.reduce((sum, one) => sum + one.degraded, 0),
      Math.max(0, ...own.map((one) => one.lagMsMax)),
    ];
  });
  const head = [
    'policy',
    'first partial, s',
    'recognized, s',
    'fused, s',
    'committed in 2 s',
    'by partials',
    'revised',
  ];
  const tail = ['erased per word', 'partial error', 'recognized', 'fused', 'degraded', 'largest lag, ms'];
  const tables = [
    `${streams} at once, real time, ${clips.length} clips; medians (nine tenths)\n\n${table([...head, ...tail], rows)}`,
    ...heardTwice(runs),
    ...(refused.length > 0 ? [`Ended with an error: ${refused.length}\n${refused.slice(0, 5).join('\n')}`] : []),
  ];
  return { tables, results: { runs: runs.map(plain), refused } };
}

function stabilityCells(own: readonly ClipMeasures[]): string[] {
  const sum = (of: (one: ClipMeasures) => number) => own.reduce((total, one) => total + of(one), 0);
  const words = Math.max(
    1,
    sum((one) => one.words),
  );
  const delays = own.flatMap((one) => one.commitS);
  return [
    `${percent(delays.filter((delay) => delay <= 2).length / words, 0)}%`,
    `${percent(sum((one) => one.committedEarly) / words, 0)}%`,
    String(sum((one) => one.revised)),
    (sum((one) => one.erased) / words).toFixed(2),
    percent(
      sum((one) => one.partialErrors) /
        Math.max(
          1,
          sum((one) => one.partialUnits),
        ),
      1,
    ),
  ];
}

/** What must not be: audio in two utterances, or text twice in a row that was said once. */
function heardTwice(runs: readonly ClipRun[]): string[] {
  const faults = runs.filter(({ measures }) => measures.overlapping + measures.saidTwice > 0);
  if (faults.length === 0) return [];
  const lines = faults.map(({ clip, setting, measures: { overlapping, saidTwice, text } }) => {
    return `${clip.file}, ${setting}: ${overlapping} utterances overlap, ${saidTwice} units said twice: ${text}`;
  });
  return [`Heard twice: ${faults.length}\n${lines.join('\n')}`];
}

const plain = ({ clip, setting, measures }: ClipRun) => ({ file: clip.file, setting, ...measures });

/**
 * `--policy local-agreement:800:0.7,align-att` (name, hold in ms, least probability, seconds after which any will do) times
 * `--interval 500,1000`.
 */
function settings({ flags }: BenchOptions): Setting[] {
  const policies = (flags.get('policy') ?? '').split(',').filter(Boolean);
  const intervals = (flags.get('interval') ?? '').split(',').filter(Boolean).map(Number);
  const chosen = policies.map((given): Setting => {
    const [name = '', hold, probability, sureAfter] = given.split(':');
    const policy = COMMIT_POLICIES.find((known) => known === name);
    if (policy === undefined) throw new AppError('usage', `--policy ${name}: one of ${COMMIT_POLICIES.join(', ')}`);
    const holdMs = hold === undefined ? {} : { holdMs: Number(hold) };
    const numbers = {
      ...holdMs,
      ...(probability !== undefined && { probabilityMin: Number(probability) }),
      ...(sureAfter !== undefined && { sureAfterS: Number(sureAfter) }),
    };
    return { name: given, options: { policy, ...holdMs }, numbers };
  });
  const base = chosen.length > 0 ? chosen : [{ name: 'default', options: {}, numbers: {} }];
  const lights = (flags.get('light') ?? '').split(',').filter(Boolean);
  for (const light of lights)
    if (light !== 'on' && light !== 'off') throw new AppError('usage', `--light ${light}: on or off`);
  const lit =
    lights.length === 0
      ? base
      : base.flatMap(({ name, options, numbers }) =>
          lights.map((light) => ({
            name: `${name}, light fusion ${light}`,
            options: { ...options, lightFusion: light === 'on' },
            numbers,
          })),
        );
  if (intervals.length === 0) return lit;
  return lit.flatMap(({ name, options, numbers }) =>
    intervals.map((partialIntervalMs) => ({
      name: `${name}, ${partialIntervalMs} ms`,
      options: { ...options, partialIntervalMs },
      numbers,
    })),
  );
}

/** Feeds a clip and the silence after it; times are of the clock that the setting goes by. */
async function feed(
  listener: Listener,
  options: ListenOptions,
  samples: Float32Array,
  clock: 'audio' | 'real',
): Promise<TimedEvent[]> {
  const whole = new Float32Array(samples.length + TAIL_S * SAMPLE_RATE_HZ);
  whole.set(samples);
  let fedS = 0;
  let startedMs = 0;
  async function* input(): AsyncGenerator<LiveInput> {
    startedMs = performance.now();
    for (let at = 0; at < whole.length; at += CHUNK_S * SAMPLE_RATE_HZ) {
      const chunk = whole.slice(at, at + CHUNK_S * SAMPLE_RATE_HZ);
      const dueMs = startedMs + ((at + chunk.length) / SAMPLE_RATE_HZ) * 1000;
      if (clock === 'real') await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
      fedS = (at + chunk.length) / SAMPLE_RATE_HZ;
      yield chunk;
    }
  }
  const events: TimedEvent[] = [];
  for await (const event of listener.listen(input(), options)) {
    events.push({ atS: clock === 'audio' ? fedS : (performance.now() - startedMs) / 1000, event });
  }
  return events;
}
