import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CREDIT_INITIAL_BYTES } from '../../../../fusion/protocol/limits.ts';
import { AppError } from '../../../../models/core/app-error.ts';
import type { LatticeSearch, Raster } from '../../../../models/core/page.ts';
import { CombinerClient, type ReadPage } from '../../../../services/combiner/combiner-client.ts';
import { CombinerService, type PageSearchFactory } from '../../../../services/combiner/combiner-service.ts';
import { type AnyRecognizer, RecognizerService } from '../../../../services/recognizer/recognizer-service.ts';
import { duplexPair } from '../../../support/duplex-pair.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import {
  TOY_READ_OPTIONS,
  type ToyPageControl,
  ToyPageRecognizer,
  toyPage,
  toyPageSearch,
} from '../../../support/toy-pages.ts';
import { TOY_OPTIONS, ToyRecognizer, toyAudio, toySearch } from '../../../support/toy-recognizer.ts';

interface SetUp {
  readonly control?: ToyPageControl;
  readonly readFor?: PageSearchFactory | null;
  readonly recognizers?: readonly AnyRecognizer[];
}

/** Application, combiner and toy recognizers, joined by pairs in memory, on a clock that stands still. */
function setUp({ control, readFor = () => toyPageSearch, recognizers }: SetUp = {}) {
  const clock = new ManualClock();
  const combiner = new CombinerService({ searchFor: () => toySearch(3), readFor: readFor ?? undefined, clock });
  const [applicationEnd, combinerEnd] = duplexPair();
  void combiner.serveApplication(combinerEnd);
  const client = new CombinerClient(applicationEnd, { clock });
  const ends = (recognizers ?? [new ToyPageRecognizer(control)]).map((recognizer) => {
    const [recognizerEnd, poolEnd] = duplexPair();
    void new RecognizerService(recognizer, { clock }).serve(recognizerEnd);
    void combiner.addRecognizer(poolEnd).catch(() => undefined);
    return recognizerEnd;
  });
  return { clock, client, combiner, applicationEnd, recognizerEnd: ends[0]! };
}

async function* pagesOf(...pages: readonly Raster[]): AsyncGenerator<Raster> {
  yield* pages;
}

async function textsOf(pages: AsyncIterable<ReadPage>): Promise<string[][]> {
  const texts: string[][] = [];
  for await (const { lines } of pages) texts.push(lines.map(({ reading }) => reading.text));
  return texts;
}

const hasCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.code, code);
  return true;
};

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('pages come out of the three parts in order, with their lines and boxes', async () => {
  const { client } = setUp();
  const read = client.read(pagesOf(toyPage('first line', 'second'), toyPage(), toyPage('third')), TOY_READ_OPTIONS);
  const pages: ReadPage[] = [];
  for await (const page of read) pages.push(page);
  assert.deepEqual(
    pages.map(({ page, lines }) => [page.index, ...lines.map(({ reading }) => reading.text)]),
    [[0, 'first line', 'second'], [1], [2, 'third']],
  );
  assert.deepEqual(pages[0]!.lines[1]!.line.quad, [0, 1, 10, 1, 10, 2, 0, 2]);
  assert.deepEqual(
    pages[2]!.lines[0]!.reading.chars.map(({ text, startFrame }) => [text, startFrame]),
    [...'third'].map((text, i) => [text, i * 2]),
  );
});

test('a page far larger than the credit passes, and a slow recognizer stops what is behind it', async () => {
  let asked = 0;
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const large = { width: 2000, height: 1000, rgb: new Uint8Array(6_000_000) };
  assert.ok(large.rgb.length > 2 * CREDIT_INITIAL_BYTES);
  large.rgb[0] = 'x'.charCodeAt(0);
  const pages = async function* () {
    for (; asked < 12; asked++) yield large;
  };
  const read = textsOf(setUp({ control: { beforePage: () => held } }).client.read(pages(), TOY_READ_OPTIONS));
  await turns(300);
  // One page is at the recognizer; two windows of credit hold little more than the next one.
  assert.ok(asked <= 2, `${asked} pages were pulled`);
  release();
  assert.deepEqual(await read, new Array(12).fill(['x']));
});

test('speech and pages are served side by side, each by the recognizer for it', async () => {
  const { client } = setUp({ recognizers: [new ToyRecognizer(), new ToyPageRecognizer()] });
  const [pages, transcript] = await Promise.all([
    textsOf(client.read(pagesOf(toyPage('seen')), TOY_READ_OPTIONS)),
    client.transcribe(toyAudio('heard'), TOY_OPTIONS),
  ]);
  assert.deepEqual([pages, transcript.text], [[['seen']], 'heard']);
});

test('without a recognizer of pages a stream fails as peer_lost and says which is missing', async () => {
  const { client } = setUp({ recognizers: [new ToyRecognizer()] });
  await assert.rejects(textsOf(client.read(pagesOf(toyPage('x')), TOY_READ_OPTIONS)), (error: AppError) => {
    assert.match(error.message, /modality page/);
    return hasCode('peer_lost')(error);
  });
});

test('a combiner without a search for pages refuses them and goes on serving speech', async () => {
  const { client } = setUp({ readFor: null, recognizers: [new ToyRecognizer()] });
  await assert.rejects(textsOf(client.read(pagesOf(toyPage('x')), TOY_READ_OPTIONS)), hasCode('invalid_option'));
  assert.equal((await client.transcribe(toyAudio('heard'), TOY_OPTIONS)).text, 'heard');
});

test('cancel while a page is read: the recognizer sees it, and the channel serves the next stream', async () => {
  const stop = new AbortController();
  let seen: AbortSignal | undefined;
  const { client } = setUp({
    control: {
      beforePage: (index, signal) => {
        if (index !== 1) return;
        seen = signal;
        return new Promise((resolve) => signal!.addEventListener('abort', () => resolve()));
      },
    },
  });
  const read = client.read(pagesOf(toyPage('a'), toyPage('b'), toyPage('c')), TOY_READ_OPTIONS, {
    signal: stop.signal,
  });
  assert.equal((await read.next()).value?.page.index, 0);
  const next = read.next();
  await turns(5);
  assert.equal(seen?.aborted, false);
  stop.abort();
  await assert.rejects(next, hasCode('canceled'));
  await turns(5);
  assert.equal(seen?.aborted, true);
  assert.deepEqual(await textsOf(client.read(pagesOf(toyPage('next')), TOY_READ_OPTIONS)), [['next']]);
});

test('a caller that stops early frees the stream and closes its own source of pages', async () => {
  let closed = false;
  const pages = async function* () {
    try {
      for (;;) yield toyPage('again');
    } finally {
      closed = true;
    }
  };
  const { client } = setUp();
  for await (const { page } of client.read(pages(), TOY_READ_OPTIONS)) if (page.index === 2) break;
  await turns(20);
  assert.equal(closed, true);
});

test('an error of the caller’s own pages comes back as it is', async () => {
  const broken = new RangeError('no more paper');
  const pages = async function* () {
    yield toyPage('a');
    throw broken;
  };
  await assert.rejects(textsOf(setUp().client.read(pages(), TOY_READ_OPTIONS)), (error) => error === broken);
});

test('an error of the search ends its stream alone, with its code', async () => {
  const failing: LatticeSearch = async (page) => {
    if (page.lines.length === 2) throw new AppError('overloaded', 'too much');
    return toyPageSearch(page);
  };
  const { client } = setUp({ readFor: () => failing });
  const [first, second] = await Promise.allSettled([
    textsOf(client.read(pagesOf(toyPage('a', 'b')), TOY_READ_OPTIONS)),
    textsOf(client.read(pagesOf(toyPage('a')), TOY_READ_OPTIONS)),
  ]);
  assert.ok(first.status === 'rejected' && hasCode('overloaded')(first.reason));
  assert.ok(second.status === 'fulfilled');
});

test('a recognizer lost in the middle ends the stream as peer_lost, after the pages that were done', async () => {
  const parts = setUp({
    control: {
      beforePage: (index) => {
        if (index === 1) parts.recognizerEnd.close();
      },
    },
  });
  const read = parts.client.read(pagesOf(toyPage('a'), toyPage('b')), TOY_READ_OPTIONS);
  assert.equal((await read.next()).value?.page.index, 0);
  await assert.rejects(read.next(), hasCode('peer_lost'));
});

for (const phase of ['loading the search', 'a page', 'the search', 'waiting for pages']) {
  test(`the deadline of a stream of pages is kept: ${phase}`, async () => {
    let arrive: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const hold = (where: string): Promise<void> | undefined => {
      if (where !== phase) return undefined;
      arrive();
      return new Promise(() => undefined);
    };
    const { client, clock } = setUp({
      control: { beforePage: () => hold('a page') },
      readFor: async () => {
        await hold('loading the search');
        return async (page, signal) => {
          await hold('the search');
          return toyPageSearch(page, signal);
        };
      },
    });
    const pages = async function* () {
      yield toyPage('a');
      await hold('waiting for pages');
    };
    const read = textsOf(client.read(pages(), TOY_READ_OPTIONS, { deadlineMs: 500 }));
    await arrived;
    await turns(5);
    clock.advance(499);
    await turns(5);
    clock.advance(1);
    await assert.rejects(read, hasCode('deadline_exceeded'));
  });
}
