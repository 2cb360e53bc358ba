import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Wheel, WheelError } from '../../../../models/manifest/wheel-reader.ts';
import { craftWheel, seededBytes, temporaryFolder, type WheelMemberInput } from '../../../support/model-cache.ts';

async function wheelOf(t: TestContext, members: readonly WheelMemberInput[], comment = ''): Promise<Wheel> {
  return Wheel.open(await written(t, craftWheel(members, comment)));
}

async function written(t: TestContext, bytes: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(t), 'toy-1.0-py3-none-any.whl');
  await writeFile(path, bytes);
  return path;
}

async function contentOf(wheel: Wheel, name: string, offsetBytes = 0): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of wheel.read(name, offsetBytes)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const BYTES = seededBytes(700_000, 1);
const TEXT = Buffer.from('one two three '.repeat(5000));

test('reads deflated, stored and empty members, also behind an archive comment', async (t) => {
  const members = [
    { name: 'a/deflated.bin', bytes: TEXT },
    { name: 'a/stored.bin', bytes: BYTES, stored: true },
    { name: 'a/empty', bytes: Buffer.alloc(0), stored: true },
  ];
  const wheel = await wheelOf(t, members, 'a comment');
  assert.deepEqual([...wheel.members.keys()], ['a/deflated.bin', 'a/stored.bin', 'a/empty']);
  for (const { name, bytes } of members) assert.ok((await contentOf(wheel, name)).equals(bytes), name);
});

test('reads from an offset, as a resumed download asks for', async (t) => {
  const wheel = await wheelOf(t, [{ name: 'x', bytes: BYTES }]);
  for (const offset of [1, 262_144, BYTES.length - 1, BYTES.length]) {
    assert.ok((await contentOf(wheel, 'x', offset)).equals(BYTES.subarray(offset)), `offset ${offset}`);
  }
});

test('takes sizes and offset from zip64 fields', async (t) => {
  const wheel = await wheelOf(t, [
    { name: 'first', bytes: TEXT },
    { name: 'second', bytes: BYTES, zip64: true },
  ]);
  assert.equal(wheel.member('second').sizeBytes, BYTES.length);
  assert.ok((await contentOf(wheel, 'second')).equals(BYTES));
});

test('says what is wrong with a damaged or foreign archive', async (t) => {
  const whole = craftWheel([{ name: 'x', bytes: TEXT }]);
  const cases: [string, Uint8Array, RegExp][] = [
    ['text', Buffer.from('<html>not found</html>'.repeat(10)), /no zip archive/],
    ['empty', Buffer.alloc(0), /no zip archive/],
    ['cut short', whole.subarray(0, whole.length - 30), /no zip archive/],
  ];
  for (const [what, bytes, message] of cases) {
    const path = await written(t, bytes);
    await assert.rejects(
      Wheel.open(path),
      (error: unknown) => error instanceof WheelError && message.test(error.message),
      what,
    );
  }
});

test('refuses members that lie about themselves', async (t) => {
  const cases: [string, NonNullable<WheelMemberInput['declare']>, RegExp][] = [
    ['a wrong checksum', { crc: 1 }, /checksum/],
    ['more than declared (a bomb)', { sizeBytes: 10 }, /more than the 10 bytes/],
    ['less than declared', { sizeBytes: TEXT.length + 1 }, /expected 70001/],
    ['an unknown method', { method: 12 }, /compression method 12, expected 0 or 8/],
    ['encryption', { flags: 1 }, /encrypted/],
  ];
  for (const [what, declare, message] of cases) {
    const wheel = await wheelOf(t, [{ name: 'x', bytes: TEXT, declare }]);
    await assert.rejects(
      contentOf(wheel, 'x'),
      (error: unknown) => error instanceof WheelError && message.test(error.message),
      what,
    );
  }
});

test('a damaged deflate stream is an error of the wheel, not of zlib', async (t) => {
  const bytes = craftWheel([{ name: 'x', bytes: TEXT }]);
  bytes.fill(0xff, 40, 60);
  const wheel = await Wheel.open(await written(t, bytes));
  await assert.rejects(contentOf(wheel, 'x'), WheelError);
});

test('a member that is not there is named', async (t) => {
  const wheel = await wheelOf(t, [{ name: 'x', bytes: TEXT }]);
  await assert.rejects(contentOf(wheel, 'y'), /holds no y/);
});
