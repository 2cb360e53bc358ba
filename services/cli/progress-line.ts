/** How progress reads: real-time factor, seconds, bytes. Pure functions, so that no terminal is needed to test them. */

import type { TranscribeProgress } from '../app/bytefuse.ts';

/** Computing time per second of audio: 0.1 is ten times faster than real time. Null before anything is done. */
export function realTimeFactor({ doneSeconds, elapsedMs }: TranscribeProgress): number | null {
  return doneSeconds > 0 ? elapsedMs / 1000 / doneSeconds : null;
}

export function formatFactor(factor: number | null): string {
  if (factor === null) return '-';
  return factor < 10 ? factor.toFixed(2) : factor.toFixed(0);
}

/** `12.5 s`, `3 min 05 s`, `1 h 02 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** `45% of 3 min 05 s, real-time factor 0.21`; without the percentage where the length is not known yet. */
export function progressText(progress: TranscribeProgress): string {
  const { doneSeconds, totalSeconds } = progress;
  const factor = `real-time factor ${formatFactor(realTimeFactor(progress))}`;
  if (totalSeconds === null || totalSeconds <= 0) return `${formatDuration(doneSeconds)} done, ${factor}`;
  const percent = Math.min(100, Math.floor((100 * doneSeconds) / totalSeconds));
  return `${percent}% of ${formatDuration(totalSeconds)}, ${factor}`;
}
