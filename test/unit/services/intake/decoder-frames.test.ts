import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import {
  type Frame,
  FrameReader,
  textLayerBytes,
  textLayerColumns,
  writeFrame,
} from '../../../../services/intake/decoder-frames.ts';
import { layerOf } from '../../../support/toy-page.ts';

async function written(...frames: [object, Uint8Array[]][]): Promise<Buffer> {
  const socket = new PassThrough();
  for (const [message, payload] of frames) await writeFrame(socket, message, payload);
  return socket.read() as Buffer;
}

test('frames come out as they went in, however the bytes are cut', async () => {
  const bytes = await written([{ a: 1 }, []], [{ b: 'ü' }, [Uint8Array.of(1, 2), Uint8Array.of(3)]], [{ c: 0 }, []]);
  for (const size of [1, 2, 7, 8, 9, bytes.length]) {
    const frames: Frame<object>[] = [];
    const reader = new FrameReader<object>(100, (frame) => frames.push(frame));
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    assert.deepEqual(
      frames.map(({ message, payload }) => [message, [...payload]]),
      [
        [{ a: 1 }, []],
        [{ b: 'ü' }, [1, 2, 3]],
        [{ c: 0 }, []],
      ],
    );
  }
});

test('lengths beyond their bounds are refused before anything is allocated', async () => {
  const reader = () => new FrameReader<object>(3, () => assert.fail('no frame'));
  const tooLong = await written([{}, [new Uint8Array(4)]]);
  assert.throws(() => reader().push(tooLong), /payload of 4 bytes/);
  assert.throws(() => reader().push(Buffer.alloc(8, 0xff)), /message of 4294967295 bytes/);
  assert.throws(() => reader().push(Buffer.alloc(8)), /message of 0 bytes/);
});

test('the columns of a text layer survive the way', () => {
  const layer = layerOf(['two words']);
  const payload = Buffer.concat([Buffer.alloc(5), ...textLayerBytes(layer)]);
  assert.deepEqual(textLayerColumns(payload, 5, layer.codes.length), layer);
});
