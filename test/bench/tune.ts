/**
 * Choosing r and N by leaving clips out. Every setting transcribes every clip (kept in a cache file, so an interrupted run
 * goes on). Clips are cut into contiguous groups; for each group the setting is chosen on the other groups alone and
 * judged on it. In-sample error is what the best setting reaches on the clips that it was chosen on: too hopeful.
 *
 * What this cannot show: the Chinese clips are of one speaker, nearly all, so leaving clips out leaves no speaker out.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { LengthUnit } from '../../fusion/gfd/weights.ts';
import { AppError } from '../../models/core/app-error.ts';
import { DEFAULT_BOOTSTRAP, pairedBootstrap } from '../../services/eval/bootstrap.ts';
import { type EditCounts, errorRate, errorsOf, sumCounts } from '../../services/eval/error-rate.ts';
import { scoreText } from '../../services/eval/score.ts';
import { type BenchOptions, weightList } from './bench-options.ts';
import { note, percent, percentInterval, table } from './bench-report.ts';
import { type Clip, readClips } from './clips.ts';
import type { BenchResult } from './main.ts';
import { modelFolders } from './model-folders.ts';
import { Subject } from './subject.ts';

const UNITS: readonly LengthUnit[] = ['none', 'bytes', 'llmTokens', 'recognizerTokens'];

interface Setting {
  /** `r=0.2 N=bytes`, `r=0.3 N=none b=1.5` */
  readonly name: string;
  readonly llmWeight: number;
  readonly lengthUnit: LengthUnit;
  readonly byteBonusNats: number;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const clips = await readClips(options);
  const settings = settingsOf(options);
  const texts = await transcribeAll(clips, settings, options);
  const folds = Math.max(2, Number(options.flags.get('folds') ?? 5));
  const languages = [...new Set(clips.map((clip) => clip.language))];
  const judged = languages.map((language) => judge(language, clips, settings, texts, folds, options.seed));
  return { tables: judged.flatMap(({ tables }) => tables), results: judged.map(({ results }) => results) };
}

function settingsOf(options: BenchOptions): Setting[] {
  const units = (options.flags.get('units') ?? 'none').split(',');
  const bonuses = (options.flags.get('bonus') ?? '1.5').split(',').map(Number);
  if (!bonuses.every((bonus) => bonus >= 0))
    throw new AppError('usage', '--bonus takes numbers of nats, such as 0,1.5');
  for (const unit of units) {
    if (!UNITS.some((known) => known === unit)) throw new AppError('usage', `--units ${unit}: there are ${UNITS}`);
  }
  const settings: Setting[] = [{ name: 'r=0', llmWeight: 0, lengthUnit: 'bytes', byteBonusNats: 0 }];
  for (const llmWeight of weightList(options, [0.1, 0.2, 0.3, 0.4])) {
    if (llmWeight === 0) continue;
    for (const unit of units) {
      for (const byteBonusNats of unit === 'none' ? bonuses : [0]) {
        const name = `r=${llmWeight} N=${unit}${unit === 'none' ? ` b=${byteBonusNats}` : ''}`;
        settings.push({ name, llmWeight, lengthUnit: unit as LengthUnit, byteBonusNats });
      }
    }
  }
  return settings;
}

/** Texts by `setting\tfile`. A line of the cache is {key, text}; the prompt is part of the key. */
async function transcribeAll(
  clips: readonly Clip[],
  settings: readonly Setting[],
  options: BenchOptions,
): Promise<Map<string, string>> {
  const cache = options.flags.get('cache');
  const llmPrompt = options.flags.get('prompt') ?? '';
  const texts = new Map<string, string>();
  const suffix = llmPrompt === '' ? '' : `\t${llmPrompt}`;
  if (cache && existsSync(cache)) {
    for (const line of readFileSync(cache, 'utf8').split('\n').filter(Boolean)) {
      const { key, text } = JSON.parse(line) as { key: string; text: string };
      if (key.endsWith(suffix)) texts.set(suffix === '' ? key : key.slice(0, -suffix.length), text);
    }
  }
  const missing = clips.flatMap((clip) =>
    settings.filter((setting) => !texts.has(keyOf(setting, clip))).map((setting) => ({ clip, setting })),
  );
  if (missing.length === 0) return texts;
  note(`${missing.length} of ${clips.length * settings.length} transcriptions to do`);
  const subject = await Subject.open({ ...(await modelFolders(options)), threads: options.threads });
  try {
    for (const [i, { clip, setting }] of missing.entries()) {
      const { llmWeight, lengthUnit, byteBonusNats } = setting;
      const reply = await subject.transcribe(clip.path, clip.language, {
        options: { llmWeight, llmPrompt },
        tuning: { lengthUnit, byteBonusNats },
      });
      texts.set(keyOf(setting, clip), reply.text);
      if (cache) {
        appendFileSync(cache, `${JSON.stringify({ key: keyOf(setting, clip) + suffix, text: reply.text })}\n`);
      }
      if ((i + 1) % 50 === 0) note(`${i + 1} of ${missing.length}`);
    }
  } finally {
    await subject.close();
  }
  return texts;
}

const keyOf = (setting: Setting, clip: Clip) => `${setting.name}\t${clip.file}`;

function judge(
  language: string,
  all: readonly Clip[],
  settings: readonly Setting[],
  texts: ReadonlyMap<string, string>,
  folds: number,
  seed: number,
) {
  const clips = all.filter((clip) => clip.language === language);
  const counts = new Map(
    settings.map((setting) => [
      setting.name,
      clips.map((clip) => scoreText(language, clip.text, texts.get(keyOf(setting, clip))!).counts),
    ]),
  );
  const draws = { ...DEFAULT_BOOTSTRAP, seed };
  const base = counts.get('r=0')!;
  const rows = settings.map(({ name }) => {
    const own = counts.get(name)!;
    const { rateB, relative, relativeInterval, betterShare } = pairedBootstrap(base, own, draws);
    return [
      name,
      `${percent(rateB)}%`,
      name === 'r=0' ? '-' : percentInterval(relative, relativeInterval.low, relativeInterval.high, '%'),
      name === 'r=0' ? '-' : percent(betterShare, 0),
    ];
  });
  const choice = crossValidate(counts, clips.length, folds);
  const { rateB, relative, relativeInterval } = pairedBootstrap(base, choice.counts, draws);
  rows.push([
    `chosen by leaving out (${folds} groups)`,
    `${percent(rateB)}%`,
    percentInterval(relative, relativeInterval.low, relativeInterval.high, '%'),
    '',
  ]);
  const speakers = new Set(clips.map(({ file, group }) => (group === file ? '' : group))).size;
  const title = `${language}: ${clips.length} clips, ${speakers} speakers named; chosen per group: ${choice.chosen.join(', ')}`;
  return {
    tables: [`${title}\n\n${table(['setting', 'error', 'relative to r = 0 [95%]', 'better in % of draws'], rows)}`],
    results: {
      language,
      settings: Object.fromEntries([...counts].map(([name, own]) => [name, { rate: errorRate(sumCounts(own)) }])),
      crossValidated: { rate: rateB, relative, relativeInterval, chosen: choice.chosen },
    },
  };
}

/** For each contiguous group: the setting with the fewest errors on the others (ties: the earlier one), used on it. */
export function crossValidate(
  counts: ReadonlyMap<string, readonly EditCounts[]>,
  clips: number,
  folds: number,
): { counts: EditCounts[]; chosen: string[] } {
  const out: EditCounts[] = [];
  const chosen: string[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const start = Math.floor((fold * clips) / folds);
    const end = Math.floor(((fold + 1) * clips) / folds);
    const errorsOutside = (own: readonly EditCounts[]) =>
      own.reduce((sum, one, i) => sum + (i >= start && i < end ? 0 : errorsOf(one)), 0);
    const [best] = [...counts].reduce((a, b) => (errorsOutside(b[1]) < errorsOutside(a[1]) ? b : a));
    chosen.push(best);
    out.push(...counts.get(best)!.slice(start, end));
  }
  return { counts: out, chosen };
}
