/** A PDF file as it is written: objects one after another, their places for the table at the end. */
import { deflateSync } from 'node:zlib';

export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

export class PdfFile {
  #write: WriteBytes;
  #offsets: (number | undefined)[] = [undefined];
  #at = 0;

  constructor(write: WriteBytes) {
    this.#write = write;
  }

  async begin(): Promise<void> {
    // The second line tells programs that the file is binary.
    await this.#put(Buffer.concat([Buffer.from('%PDF-1.7\n%'), Buffer.from([0xe2, 0xe3, 0xcf, 0xd3, 0x0a])]));
  }

  /** Number of an object that is written later. */
  reserve(): number {
    return this.#offsets.push(undefined) - 1;
  }

  async object(number: number, body: string): Promise<void> {
    this.#offsets[number] = this.#at;
    await this.#put(Buffer.from(`${number} 0 obj\n${body}\nendobj\n`, 'latin1'));
  }

  /** `entries`: of the stream's dictionary, without its length. `bytes` as they are to stand in the file. */
  async stream(number: number, entries: string, bytes: Uint8Array): Promise<void> {
    this.#offsets[number] = this.#at;
    const head = `${number} 0 obj\n<< ${entries} /Length ${bytes.length} >>\nstream\n`;
    await this.#put(Buffer.concat([Buffer.from(head, 'latin1'), bytes, Buffer.from('\nendstream\nendobj\n')]));
  }

  async compressed(number: number, entries: string, bytes: Uint8Array): Promise<void> {
    await this.stream(number, `${entries} /Filter /FlateDecode`.trim(), deflateSync(bytes));
  }

  async end(catalog: number, info: number): Promise<void> {
    const start = this.#at;
    const entries = this.#offsets.slice(1).map((offset, i) => {
      if (offset === undefined) throw new Error(`object ${i + 1} was reserved and never written`);
      return `${String(offset).padStart(10, '0')} 00000 n \n`;
    });
    const size = this.#offsets.length;
    await this.#put(
      Buffer.from(
        `xref\n0 ${size}\n0000000000 65535 f \n${entries.join('')}` +
          `trailer\n<< /Size ${size} /Root ${catalog} 0 R /Info ${info} 0 R >>\nstartxref\n${start}\n%%EOF\n`,
      ),
    );
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#at += bytes.length;
    await this.#write(bytes);
  }
}

/** A text string (ISO 32000-1, 7.9.2.2): UTF-16 with its mark, in hexadecimal. */
export function pdfText(text: string): string {
  return `<feff${Buffer.from(text, 'utf16le').swap16().toString('hex')}>`;
}
