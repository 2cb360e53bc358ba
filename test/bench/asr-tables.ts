/** The speech bench's tables: errors with intervals, time by turns, language-model rows. */
import { type BootstrapOptions, bootstrapRate, median, pairedBootstrap } from '../../services/eval/bootstrap.ts';
import { type EditCounts, errorRate, sumCounts } from '../../services/eval/error-rate.ts';
import { rateName, scoreText, usualUnit } from '../../services/eval/score.ts';
import type { Trial } from './asr-systems.ts';
import { percent, percentInterval, table } from './bench-report.ts';
import type { Clip } from './clips.ts';
import { sumStats } from './subject.ts';

/** All trials of one system on one clip, one per round. */
export interface ClipRun {
  readonly clip: Clip;
  readonly trials: ReadonlyMap<string, readonly Trial[]>;
}

interface LanguageErrors {
  readonly language: string;
  readonly clips: readonly Clip[];
  readonly counts: ReadonlyMap<string, readonly EditCounts[]>;
}

export function errorsByLanguage(runs: readonly ClipRun[], systems: readonly string[]): LanguageErrors[] {
  const languages = [...new Set(runs.map(({ clip }) => clip.language))];
  return languages.map((language) => {
    const own = runs.filter(({ clip }) => clip.language === language);
    const counts = new Map(
      systems.map((name) => [
        name,
        own.map(({ clip, trials }) => scoreText(language, clip.text, trials.get(name)![0]!.text).counts),
      ]),
    );
    return { language, clips: own.map(({ clip }) => clip), counts };
  });
}

/** Each system's rate with its interval, and its difference to `base` and to the float32 peer where they ran. */
export function errorTable(all: readonly LanguageErrors[], draws: BootstrapOptions): string {
  const rows = all.flatMap(({ language, counts }) => {
    const base = counts.get('r0') ?? counts.get('plain') ?? [...counts.values()][0]!;
    const peer = counts.get('peer-float32') ?? counts.get('peer-int8');
    return [...counts].map(([name, own]) => {
      const { rate, low, high } = bootstrapRate(own, draws);
      const sum = sumCounts(own);
      const against = pairedBootstrap(base, own, draws);
      const { low: relativeLow, high: relativeHigh } = against.relativeInterval;
      const toPeer = peer && pairedBootstrap(peer, own, draws);
      return [
        language,
        name,
        own.length,
        `${rateName(usualUnit(language))} ${percentInterval(rate, low, high, '%', 2)}`,
        `${sum.substitutions}/${sum.deletions}/${sum.insertions}`,
        own === base || against.rateA === 0 ? '-' : percentInterval(against.relative, relativeLow, relativeHigh, '%'),
        toPeer && own !== peer
          ? percentInterval(toPeer.difference, toPeer.differenceInterval.low, toPeer.differenceInterval.high, ' pt', 2)
          : '-',
      ];
    });
  });
  return table(['lang', 'system', 'clips', 'rate [95%]', 'S/D/I', 'relative to r = 0', 'points to peer'], rows);
}

export function setTable(all: readonly LanguageErrors[], systems: readonly string[]): string {
  const rows = all.flatMap(({ language, clips, counts }) =>
    [...new Set(clips.map((clip) => clip.set))].map((set) => [
      `${language} ${set}`,
      clips.filter((clip) => clip.set === set).length,
      ...systems.map((name) => {
        const own = counts.get(name)!.filter((_, i) => clips[i]!.set === set);
        return percent(errorRate(sumCounts(own)), 1);
      }),
    ]),
  );
  return table(['set', 'clips', ...systems], rows);
}

/** Time as taken in turns: totals, and the median over clips of the ratio to the reference system. */
export function timeTable(runs: readonly ClipRun[], systems: readonly string[]): string {
  const reference = systems.find((name) => name === 'peer-int8') ?? systems[0]!;
  const secondsOf = (run: ClipRun, name: string) => median(run.trials.get(name)!.map((trial) => trial.seconds));
  const total = (name: string) => runs.reduce((sum, run) => sum + secondsOf(run, name), 0);
  const audio = runs.reduce((sum, run) => sum + run.trials.get(reference)![0]!.audioSeconds, 0);
  const rows = systems.map((name) => {
    const trials = runs.flatMap((run) => run.trials.get(name)!);
    const share = (part: (trial: Trial) => number) =>
      percent(trials.reduce((sum, trial) => sum + part(trial), 0) / trials.reduce((sum, t) => sum + t.seconds, 0), 0);
    const ratios = runs.map((run) => secondsOf(run, name) / secondsOf(run, reference));
    const ours = !name.startsWith('peer');
    return [
      name,
      total(name).toFixed(1),
      (total(name) / audio).toFixed(3),
      (total(name) / total(reference)).toFixed(2),
      median(ratios).toFixed(2),
      ours ? `${share((trial) => trial.encodeSeconds)}%` : '-',
      ours ? `${share((trial) => trial.llmSeconds)}%` : '-',
    ];
  });
  const header = ['system', 'seconds', 'real-time factor', `total / ${reference}`, 'median ratio', 'encoder', 'LLM'];
  return table(header, rows);
}

export function rowTable(runs: readonly ClipRun[], systems: readonly string[]): string {
  const rows = systems.flatMap((name) => {
    const stats = sumStats(runs.map((run) => run.trials.get(name)![0]!.stats));
    if (stats.llmRows === 0) return [];
    const saved = (count: number) => `${percent(1 - count / stats.llmRowsEager, 1)}%`;
    return [
      [
        name,
        stats.llmRows,
        stats.llmRowsEager,
        stats.llmRowsFloor,
        saved(stats.llmRows),
        saved(stats.llmRowsFloor),
        stats.llmCalls,
        (stats.llmMs / stats.llmCalls).toFixed(1),
      ],
    ];
  });
  if (rows.length === 0) return 'No language-model rows.';
  return table(['system', 'rows', 'eager', 'floor', 'saved', 'floor saves', 'calls', 'ms per call'], rows);
}
