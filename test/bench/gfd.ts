/**
 * The search itself. First what must not matter: eager against lazy asking, a large pool, four streams at once; how
 * many texts change, and by how much log-probabilities move. Then time against the published decoder's way of working.
 */
import type { ScorerNode } from '../../models/core/token-scorer.ts';
import type { LlmScorer } from '../../models/llm/llm-scorer.ts';
import { median } from '../../services/eval/bootstrap.ts';
import type { BenchOptions } from './bench-options.ts';
import { note, percent, table } from './bench-report.ts';
import { type Clip, readClips } from './clips.ts';
import type { BenchResult } from './main.ts';
import { ct2Folder, type ModelFolders, modelFolders } from './model-folders.ts';
import { FasterWhisper } from './peers/faster-whisper.ts';
import { ReferenceLike } from './reference-like.ts';
import { Subject, type SubjectReply, type SubjectRequest, sumStats } from './subject.ts';

/** Nodes held by nobody's stream: they push the pool from 256 slots to 1,024, and every stream to other slots. */
const POOL_FILLER_NODES = 600;
/** Clips that the reference-like mode is timed on: it takes a minute for ten seconds of audio. */
const REFERENCE_CLIPS = 4;
const REFERENCE_SECONDS = { min: 7, max: 12 };

export async function run(options: BenchOptions): Promise<BenchResult> {
  const clips = await readClips(options);
  const folders = await modelFolders(options);
  const weight = options.flags.get('r');
  const request: SubjectRequest = {
    options: {
      preset: options.flags.get('preset') ?? 'default',
      ...(weight !== undefined && { llmWeight: Number(weight) }),
    },
  };
  const subject = await Subject.open({ ...folders, threads: options.threads });
  let variants: Map<string, SubjectReply[]>;
  try {
    variants = await runVariants(subject, clips, request, Number(options.flags.get('streams') ?? 4));
  } finally {
    await subject.close();
  }
  const reference = options.flags.has('no-peer') ? null : await timeReference(options, clips, folders, request);
  return {
    tables: [sameTable(variants), rowsTable(variants), ...(reference ? [reference.table] : [])],
    results: {
      clips: clips.map((clip, i) => ({
        file: clip.file,
        replies: Object.fromEntries([...variants].map(([name, replies]) => [name, replies[i]])),
      })),
      reference: reference?.rows ?? null,
    },
  };
}

async function runVariants(
  subject: Subject,
  clips: readonly Clip[],
  request: SubjectRequest,
  streams: number,
): Promise<Map<string, SubjectReply[]>> {
  const one = (clip: Clip, own: SubjectRequest = request) => subject.transcribe(clip.path, clip.language, own);
  const eager: SubjectRequest = { ...request, tuning: { ...request.tuning, asking: 'eager' } };
  const variants = new Map<string, SubjectReply[]>([
    ['lazy', []],
    ['again', []],
    ['eager', []],
    ['large pool', []],
  ]);
  for (const [i, clip] of clips.entries()) {
    variants.get('lazy')!.push(await one(clip));
    variants.get('again')!.push(await one(clip));
    variants.get('eager')!.push(await one(clip, eager));
    const release = await fillPool(subject.scorer!);
    variants.get('large pool')!.push(await one(clip));
    release();
    if ((i + 1) % 10 === 0) note(`${i + 1} of ${clips.length} clips, one stream`);
  }
  const together: SubjectReply[] = new Array(clips.length);
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < clips.length; i = next++) together[i] = await one(clips[i]!);
  };
  await Promise.all(Array.from({ length: streams }, worker));
  variants.set(`${streams} streams`, together);
  return variants;
}

/** Holds a path of nodes that no stream uses; the returned function lets go of it. */
async function fillPool(scorer: LlmScorer): Promise<() => void> {
  const nodes: ScorerNode[] = [scorer.child(null, scorer.vocab.bos)];
  while (nodes.length < POOL_FILLER_NODES) nodes.push(scorer.child(nodes.at(-1)!, nodes.length % scorer.vocab.size));
  await scorer.evaluate([nodes.at(-1)!]);
  return () => scorer.release(nodes);
}

function sameTable(variants: ReadonlyMap<string, readonly SubjectReply[]>): string {
  const base = variants.get('lazy')!;
  const rows = [...variants].slice(1).map(([name, replies]) => {
    const same = replies.map((reply, i) => reply.text === base[i]!.text);
    const gap = (value: (reply: SubjectReply) => number) =>
      Math.max(0, ...replies.map((reply, i) => (same[i] ? Math.abs(value(reply) - value(base[i]!)) : 0)));
    return [
      name,
      `${same.filter((equal) => !equal).length} of ${base.length}`,
      gap((reply) => reply.llmLogProb).toFixed(3),
      gap((reply) => reply.recognizerLogProb).toExponential(1),
    ];
  });
  return table(['against lazy, one stream', 'texts changed', 'largest LLM gap (nats)', 'recognizer gap'], rows);
}

function rowsTable(variants: ReadonlyMap<string, readonly SubjectReply[]>): string {
  const rows = [...variants].map(([name, replies]) => {
    const stats = sumStats(replies.map((reply) => reply.stats));
    return [
      name,
      stats.llmRows,
      stats.llmRowsEager,
      stats.llmRowsFloor,
      `${percent(1 - stats.llmRows / stats.llmRowsEager, 1)}%`,
      `${percent(1 - stats.llmRowsFloor / stats.llmRowsEager, 1)}%`,
      stats.llmCalls,
    ];
  });
  return table(['variant', 'LLM rows', 'eager', 'floor', 'saved', 'floor saves', 'calls'], rows);
}

interface ReferenceRow {
  readonly file: string;
  readonly audioSeconds: number;
  readonly ours: number;
  readonly reference: number;
  readonly peer: number;
  readonly counts: { readonly recognizerRows: number; readonly llmRows: number };
}

async function timeReference(
  options: BenchOptions,
  clips: readonly Clip[],
  folders: ModelFolders,
  request: SubjectRequest,
): Promise<{ rows: ReferenceRow[]; table: string }> {
  const { min, max } = REFERENCE_SECONDS;
  const fitting = clips.filter(({ durationS }) => durationS !== undefined && durationS >= min && durationS <= max);
  const stride = Math.max(1, Math.floor(fitting.length / REFERENCE_CLIPS));
  const chosen = fitting.filter((_, i) => i % stride === 0).slice(0, REFERENCE_CLIPS);
  const rows: ReferenceRow[] = [];
  const subject = await Subject.open({ ...folders, threads: options.threads });
  const reference = await ReferenceLike.open({
    ...folders,
    llm: options.llmFull ?? folders.llm,
    threads: options.threads,
  });
  const peer = await FasterWhisper.open({
    modelDir: await ct2Folder(options),
    computeType: 'int8',
    threads: options.threads,
    previousText: false,
  });
  try {
    for (const [i, { file, path, language }] of chosen.entries()) {
      if (i === 0) {
        await subject.transcribe(path, language, request);
        await peer.transcribe(path, language);
      }
      const ours: number[] = [];
      const theirs: number[] = [];
      let audioSeconds = 0;
      for (let round = 0; round < 3; round++) {
        const reply = await subject.transcribe(path, language, request);
        ours.push(reply.seconds);
        audioSeconds = reply.audioSeconds;
        theirs.push((await peer.transcribe(path, language)).seconds);
      }
      const slow = await reference.transcribe(path, language, subject.scriptTable);
      note(`reference-like: ${file} in ${slow.seconds.toFixed(1)} s: ${slow.text}`);
      const { seconds, ...counts } = slow;
      rows.push({ file, audioSeconds, ours: median(ours), reference: seconds, peer: median(theirs), counts });
    }
  } finally {
    await subject.close();
    await reference.close();
    await peer.close();
  }
  const ratio = (a: keyof ReferenceRow, b: keyof ReferenceRow) =>
    median(rows.map((row) => Number(row[a]) / Number(row[b]))).toFixed(1);
  const header = [
    'clip',
    'audio s',
    'ours fused',
    'reference-like',
    'peer int8',
    'reference / peer',
    'reference / ours',
  ];
  const body = rows.map((row) => [
    row.file,
    row.audioSeconds.toFixed(1),
    row.ours.toFixed(2),
    row.reference.toFixed(1),
    row.peer.toFixed(2),
    (row.reference / row.peer).toFixed(1),
    (row.reference / row.ours).toFixed(1),
  ]);
  body.push(['median ratio', '', '', '', '', ratio('reference', 'peer'), ratio('reference', 'ours')]);
  return { rows, table: table(header, body) };
}
