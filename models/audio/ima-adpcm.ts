/** IMA ADPCM as in WAV files (Microsoft's layout of the IMA Digital Audio Focus and Technical Working Group's codec). */

const INDEX_STEPS = [-1, -1, -1, -1, 2, 4, 6, 8];
const STEPS = [
  7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107, 118,
  130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060,
  1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484,
  7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];

/** Decodes one block: per channel a 4-byte head (first sample, step index), then groups of 8 nibbles by channel. */
export class ImaAdpcmBlock {
  /** Frames in a whole block. */
  readonly frames: number;
  readonly #channels: number;

  constructor(channels: number, blockBytes: number) {
    this.#channels = channels;
    this.frames = 1 + ((blockBytes - 4 * channels) * 2) / channels;
  }

  /** Mono samples, -1..1; a cut block gives the frames that are whole. */
  decode(bytes: Uint8Array): Float32Array {
    const channels = this.#channels;
    const groups = Math.floor((bytes.length - 4 * channels) / (4 * channels));
    if (groups < 0) return new Float32Array(0);
    const mono = new Float32Array(1 + groups * 8);
    const scale = 1 / (32_768 * channels);
    for (let c = 0; c < channels; c++) {
      const head = 4 * c;
      let sample = ((bytes[head]! | (bytes[head + 1]! << 8)) << 16) >> 16;
      let index = Math.min(bytes[head + 2]!, 88);
      mono[0]! += sample * scale;
      for (let g = 0; g < groups; g++) {
        const at = 4 * channels * (g + 1) + 4 * c;
        for (let k = 0; k < 8; k++) {
          const byte = bytes[at + (k >> 1)]!;
          const code = (k & 1) === 0 ? byte & 15 : byte >> 4;
          const step = STEPS[index]!;
          let change = step >> 3;
          if ((code & 4) !== 0) change += step;
          if ((code & 2) !== 0) change += step >> 1;
          if ((code & 1) !== 0) change += step >> 2;
          sample += (code & 8) !== 0 ? -change : change;
          sample = Math.max(-32_768, Math.min(32_767, sample));
          index = Math.max(0, Math.min(88, index + INDEX_STEPS[code & 7]!));
          mono[1 + g * 8 + k]! += sample * scale;
        }
      }
    }
    return mono;
  }
}
