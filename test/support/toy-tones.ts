import { commitPolicies } from '../../fusion/beam/agreed-prefix.ts';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import type { ListenOptions, LiveInput } from '../../models/core/live.ts';
import type { EncodedWindow, WindowMel } from '../../models/whisper/encoder.ts';
import { defaultListenOptions } from '../../models/whisper/listen-defaults.ts';
import { plainBeam } from '../../models/whisper/plain-beam.ts';
import { WhisperTranscriber } from '../../models/whisper/transcriber.ts';
import type { Listen } from '../../services/supervisor/live-contract.ts';
import { TOY_COMMA, TOY_RATE_HZ, TOY_WORD_TEXTS, TOY_WORDS, ToyVoice } from './toy-live.ts';
import { type ToyAnswer, ToyWhisper } from './toy-whisper.ts';

/** Words as tones, so that a toy recognizer hears what was said in the very samples it is given. */

const WINDOW = 512;
const WORD_WINDOWS = 10;
const GAP_WINDOWS = 2;
/** Windows of silence before, between and after utterances: longer than what ends one. */
const PAUSE_WINDOWS = 22;
/** Hz; in different mel bands of the toy model, which has two. */
const TONES_HZ = [625, 3500] as const;
/** Real frames of 10 ms below which a run of sound is taken for its edge. */
const RUN_FRAMES_MIN = 5;

/** A word's place in the audio, in samples. */
export interface ToneWord {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

export interface ToneSpeech {
  readonly samples: Float32Array;
  readonly words: readonly ToneWord[];
}

/** Utterances of words (0 or 1) with silence around them. Always above what the toy voice takes for speech. */
export function toneSpeech(utterances: readonly (readonly number[])[]): ToneSpeech {
  const windows = utterances.reduce(
    (sum, { length }) => sum + length * (WORD_WINDOWS + GAP_WINDOWS) + PAUSE_WINDOWS,
    0,
  );
  const samples = new Float32Array((windows + PAUSE_WINDOWS) * WINDOW);
  const words: ToneWord[] = [];
  let at = PAUSE_WINDOWS * WINDOW;
  for (const utterance of utterances) {
    for (const word of utterance) {
      const to = at + WORD_WINDOWS * WINDOW;
      words.push({ text: TOY_WORD_TEXTS[word]!, from: at, to });
      const turn = (2 * Math.PI * TONES_HZ[word]!) / TOY_RATE_HZ;
      for (let i = at; i < to; i++) samples[i] = 0.75 + 0.24 * Math.cos(turn * i);
      at = to + GAP_WINDOWS * WINDOW;
    }
    at += PAUSE_WINDOWS * WINDOW;
  }
  return { samples, words };
}

/** Numbers of the words whose sound is in a window. */
function wordsIn({ mel, frames, realFrames }: WindowMel): number[] {
  const low = mel.subarray(0, realFrames);
  const high = mel.subarray(frames, frames + realFrames);
  const loud = Math.max(...low, ...high) - 0.75;
  const words: number[] = [];
  let [run, highs] = [0, 0];
  for (let frame = 0; frame <= realFrames; frame++) {
    if (frame < realFrames && Math.max(low[frame]!, high[frame]!) >= loud) {
      run++;
      if (high[frame]! > low[frame]!) highs++;
      continue;
    }
    if (run >= RUN_FRAMES_MIN) words.push(2 * highs > run ? 1 : 0);
    [run, highs] = [0, 0];
  }
  return words;
}

/** What a machine does with its time: each time it works, so many turns and milliseconds go by. Over and over. */
export interface Slowness {
  readonly turns: readonly number[];
  readonly ms: readonly number[];
}

/** A machine with a clock of its own, on which nobody waits in vain: time goes by as it works and as it is waited for. */
export class SlowMachine implements Clock {
  readonly #slowness: Slowness;
  #works = 0;
  #nowMs = 0;

  constructor(slowness: Slowness) {
    this.#slowness = slowness;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = setImmediate(() => {
      this.#nowMs += ms;
      run();
    });
    return () => clearImmediate(timer);
  }

  /** It is this late at least. */
  reach(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
  }

  async work(): Promise<void> {
    const { turns, ms } = this.#slowness;
    const n = this.#works++;
    this.#nowMs += ms[n % ms.length]!;
    for (let i = turns[n % turns.length]!; i > 0; i--) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** How a process hears the words of an utterance: true where it spells one otherwise than usual. Over and over. */
export type Accent = readonly boolean[];

/** The other spelling of each tone's word, as numbers of TOY_WORDS: it begins as the usual one does, and goes on. */
const SPELLINGS = [
  [0, 2],
  [1, 3],
] as const;

/** A text in its usual spelling, whichever process heard it. */
export function plainly(text: string): string {
  const usual = new Map(SPELLINGS.map(([one, other]) => [TOY_WORD_TEXTS[other] as string, TOY_WORD_TEXTS[one]]));
  return text.replace(/\S+/g, (word) => usual.get(word) ?? word);
}

/**
 * Hears tones as words, in the time that a machine takes for it. Everything but the two models is the real thing. Each stream
 * is heard by a process of its own, with the next of the accents.
 */
export function toneListener(machine: SlowMachine, accents: readonly Accent[] = []): Listen<Partial<ListenOptions>> {
  let processes = 0;
  return (input, options, call) => {
    const accent = accents.length === 0 ? [] : accents[processes++ % accents.length]!;
    return toneProcess(machine, accent)(input, options, call);
  };
}

function toneProcess(machine: SlowMachine, accent: Accent): Listen<Partial<ListenOptions>> {
  const heard: (readonly number[])[][] = [];
  const answer: ToyAnswer = ({ window, path }) => {
    const next = nextToken(heard[window]!, path) ?? whisper.parts.tokens.endOfText;
    return new Map([
      [TOY_COMMA, 4],
      [next, 12],
    ]);
  };
  const whisper = new ToyWhisper(answer);
  const { encoder } = whisper.parts;
  const encode = async (...given: Parameters<typeof encoder.encode>): Promise<EncodedWindow> => {
    const words = wordsIn(given[0]).map((tone, i) => {
      const other = accent.length > 0 && accent[i % accent.length]!;
      return TOY_WORDS[SPELLINGS[tone]![other ? 1 : 0]]!;
    });
    const encoded = await encoder.encode(...given);
    heard.push(words);
    await machine.work();
    return encoded;
  };
  const transcriber = new WhisperTranscriber('toy', { ...whisper.parts, encoder: { encode } }, undefined, {
    policies: commitPolicies,
    voices: (options) => new ToyVoice(options),
    nowMs: () => machine.nowMs(),
  });
  const beam = plainBeam({ beams: 2, nBest: 1 });
  return (input, options, { signal }) =>
    transcriber.listen(
      input,
      { ...defaultListenOptions, language: 'en', beams: 2, ...options },
      async (source, unitSignal) => {
        await machine.work();
        return beam(source, unitSignal);
      },
      signal ?? new AbortController().signal,
    );
}

/** Goes on where a text stands, word by word, however its words are spelled. Undefined at the end. */
function nextToken(words: readonly (readonly number[])[], path: readonly number[]): number | undefined {
  const begins = TOY_WORDS[0]![0]!;
  const begun = path.filter((token) => token === begins).length;
  const spelled = path.slice(path.lastIndexOf(begins));
  const word = words[begun - 1] ?? [];
  const goesOn = spelled.length < word.length && spelled.every((token, i) => token === word[i]);
  return goesOn ? word[spelled.length] : words[begun]?.[0];
}

/** The samples in chunks, each so many turns after the one before; time goes by as the audio does. */
export async function* spokenTo(
  machine: SlowMachine,
  samples: Float32Array,
  { chunks, turns }: { readonly chunks: readonly number[]; readonly turns: readonly number[] },
): AsyncGenerator<LiveInput> {
  for (let at = 0, n = 0; at < samples.length; n++) {
    const piece = samples.slice(at, at + chunks[n % chunks.length]!);
    at += piece.length;
    machine.reach((at * 1000) / TOY_RATE_HZ);
    yield piece;
    for (let i = turns[n % turns.length]!; i > 0; i--) await new Promise((resolve) => setImmediate(resolve));
  }
}
