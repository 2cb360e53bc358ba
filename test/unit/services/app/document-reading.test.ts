import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentPage } from '../../../../models/core/document.ts';
import type { Raster } from '../../../../models/core/page.ts';
import type { TextLayer } from '../../../../models/page-image/text-layer.ts';
import { type PageEngine, readImages } from '../../../../services/app/document-reading.ts';
import { defaultReadOptions } from '../../../../services/app/read-defaults.ts';
import type { DocumentImage } from '../../../../services/intake/document-intake.ts';
import { TOY_READ_OPTIONS, ToyPageRecognizer, toyPage, toyPageSearch } from '../../../support/toy-pages.ts';

/** Recognizes in this thread; notes what it is asked. */
function toyEngine() {
  const log = { opened: 0, pages: 0, ended: 0 };
  const recognizer = new ToyPageRecognizer();
  const engine: PageEngine = {
    async *read(pages: AsyncIterable<Raster>) {
      log.opened++;
      try {
        for await (const raster of pages) {
          const { lines, ...page } = await recognizer.read(raster, log.pages++, TOY_READ_OPTIONS);
          const outcome = await toyPageSearch({ ...page, lines });
          const found = lines.map(({ lattice: _, ...line }, i) => ({ line, reading: outcome.lines[i]! }));
          yield { page, lines: found, language: 'tr', stats: outcome.stats, warnings: [], searchMs: 1 };
        }
      } finally {
        log.ended++;
      }
    },
  };
  return { engine, log };
}

function layerOf(text: string, sound: boolean): TextLayer {
  const quad = [0, 0, 50, 0, 50, 10, 0, 10] as const;
  const chars = [...text].map((char) => ({ text: char, quad }));
  const measures = {} as TextLayer['verdict']['measures'];
  const verdict = { sound, fault: null, reason: sound ? '' : 'it is a joke', measures };
  return { verdict, lines: [{ text, quad, words: [{ text, quad, spaceAfter: false, chars }] }] };
}

const image = (number: number, text: string, textLayer?: TextLayer): DocumentImage => ({
  number,
  raster: toyPage(text),
  dpi: 200,
  decodeMs: 3,
  ...(textLayer === undefined ? {} : { textLayer }),
});

async function* imagesOf(...images: readonly DocumentImage[]): AsyncGenerator<DocumentImage> {
  yield* images;
}

const textOf = (page: DocumentPage) => page.blocks.flatMap(({ lines }) => lines.map(({ text }) => text)).join('|');

async function read(engine: PageEngine, images: AsyncIterable<DocumentImage>, textLayer: 'auto' | 'never' = 'auto') {
  const pages: DocumentPage[] = [];
  for await (const { page } of readImages(engine, images, { ...defaultReadOptions, textLayer })) pages.push(page);
  return pages;
}

test('pages with sound text of their own are taken as they are, in their place among recognized ones', async () => {
  const { engine, log } = toyEngine();
  const pages = await read(
    engine,
    imagesOf(
      image(1, 'seen'),
      image(2, 'drawn', layerOf('own', true)),
      image(3, 'more'),
      image(4, 'x', layerOf('end', true)),
    ),
  );
  assert.deepEqual(
    pages.map((page) => [page.number, page.source, textOf(page)]),
    [
      [1, 'recognized', 'seen'],
      [2, 'text-layer', 'own'],
      [3, 'recognized', 'more'],
      [4, 'text-layer', 'end'],
    ],
  );
  assert.deepEqual([log.pages, log.ended], [2, 1]);
  assert.deepEqual(
    pages[1]!.warnings.map(({ code }) => code),
    ['text_layer_used'],
  );
});

test('a document whose pages all have text of their own opens no stream at the recognizer', async () => {
  const { engine, log } = toyEngine();
  assert.equal((await read(engine, imagesOf(image(1, 'a', layerOf('own', true))))).length, 1);
  assert.equal(log.opened, 0);
});

test('text that is not sound is recognized instead, and the page says why', async () => {
  const [page] = await read(toyEngine().engine, imagesOf(image(1, 'seen', layerOf('junk', false))));
  assert.equal(textOf(page!), 'seen');
  assert.match(page!.warnings[0]!.message, /it is a joke/);
});

test('textLayer never recognizes everything and says nothing', async () => {
  const [page] = await read(toyEngine().engine, imagesOf(image(1, 'seen', layerOf('own', true))), 'never');
  assert.deepEqual([textOf(page!), page!.warnings], ['seen', []]);
});

test('at most one page is ahead of the one that waits to leave', async () => {
  let decoded = 0;
  const images = async function* () {
    for (; decoded < 9; decoded++) yield image(decoded + 1, 'page');
  };
  const { engine } = toyEngine();
  const results = readImages(engine, images(), defaultReadOptions);
  await results.next();
  assert.equal(decoded, 1);
  await results.next();
  assert.equal(decoded, 2);
  await results.return();
});

test('a caller that stops early ends the stream at the recognizer', async () => {
  const { engine, log } = toyEngine();
  for await (const _ of readImages(engine, imagesOf(image(1, 'a'), image(2, 'b'), image(3, 'c')), defaultReadOptions))
    break;
  assert.equal(log.ended, 1);
});
