import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { MEDIA_BOUNDS, MediaEmbedder } from '../../../../../services/eval/report/media-embed.ts';
import { toneBytes, wavBytes } from '../../../../support/wav-bytes.ts';

async function folderOf(t: TestContext, files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-media-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return folder;
}

const SECOND = wavBytes({ rateHz: 8000, data: toneBytes(1, 8000) });

test('a recording goes in as it is, known by its bytes and not by its name', async (t) => {
  const folder = await folderOf(t, { 'speech.png': SECOND });
  const media = await new MediaEmbedder(folder).embed('speech.png');
  assert.equal(media.kind, 'audio');
  assert.equal(media.src, `data:audio/wav;base64,${Buffer.from(SECOND).toString('base64')}`);
});

test('a picture is drawn anew, within the bound of its sides and without what hides in the file', async (t) => {
  const wide = await sharp({ create: { width: 3000, height: 1000, channels: 3, background: '#336699' } })
    .withExif({ IFD0: { Copyright: 'hidden-in-the-file' } })
    .png()
    .toBuffer();
  const folder = await folderOf(t, { 'page.jpg': wide });
  const media = await new MediaEmbedder(folder).embed('page.jpg');
  assert.equal(media.kind, 'image');
  assert.deepEqual([media.width, media.height], [1400, 467]);
  const bytes = Buffer.from(media.src.slice('data:image/webp;base64,'.length), 'base64');
  assert.equal((await sharp(bytes).metadata()).format, 'webp');
  assert.ok(!bytes.includes('hidden-in-the-file'));
});

test('what is no recording and no picture stays outside, and the reason is told', async (t) => {
  const folder = await folderOf(t, {
    'secret.wav': 'user:password\n'.repeat(20),
    'noise.wav': new Uint8Array(100).map((_, i) => (i * 37) % 251),
    'empty.wav': '',
    'page.pdf': '%PDF-1.7\n',
    'drawing.png': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'broken.png': Buffer.from('\x89PNG\r\n\x1a\nnothing more', 'latin1'),
  });
  const embedder = new MediaEmbedder(folder);
  const why = async (name: string) => {
    const media = await embedder.embed(name);
    return media.kind === 'none' ? media.why : media.kind;
  };
  assert.equal(await why('secret.wav'), 'neither a recording nor a picture');
  assert.equal(await why('noise.wav'), 'neither a recording nor a picture');
  assert.equal(await why('empty.wav'), 'neither a recording nor a picture');
  assert.equal(await why('drawing.png'), 'neither a recording nor a picture');
  assert.equal(await why('page.pdf'), 'pages of a PDF are not drawn here');
  assert.match(await why('broken.png'), /^the file cannot be read \(/);
  assert.equal(await why('gone.wav'), 'the file is gone');
  assert.equal(await why('.'), 'this is no file');
});

test('a recording may have as many bytes as the bound says, and all together as many as theirs', async (t) => {
  const folder = await folderOf(t, { 'a.wav': SECOND });
  const kinds = async (bounds: Partial<typeof MEDIA_BOUNDS>, times: number) => {
    const embedder = new MediaEmbedder(folder, { ...MEDIA_BOUNDS, ...bounds });
    const found: string[] = [];
    for (let i = 0; i < times; i++) found.push((await embedder.embed('a.wav')).kind);
    return found;
  };
  assert.deepEqual(await kinds({ audioBytesMax: SECOND.length }, 1), ['audio']);
  assert.deepEqual(await kinds({ audioBytesMax: SECOND.length - 1 }, 1), ['none']);
  assert.deepEqual(await kinds({ audioTotalBytesMax: 2 * SECOND.length }, 3), ['audio', 'audio', 'none']);
});
