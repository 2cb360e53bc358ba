import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { init } from '@embedpdf/pdfium';

/** The calls that are made here, as PDFium's public headers declare them. Pointers and handles are numbers. */
export interface PdfiumCalls {
  readonly HEAPU8: Uint8Array;
  readonly HEAP32: Int32Array;
  readonly HEAPF32: Float32Array;
  readonly HEAPF64: Float64Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  addFunction(call: (...args: number[]) => number, signature: string): number;
  removeFunction(pointer: number): void;
  _PDFiumExt_Init(): void;
  _FPDF_LoadCustomDocument(access: number, password: number): number;
  _FPDF_GetLastError(): number;
  _FPDF_CloseDocument(document: number): void;
  _FPDF_GetPageCount(document: number): number;
  _FPDF_LoadPage(document: number, index: number): number;
  _FPDF_ClosePage(page: number): void;
  _FPDF_GetPageWidthF(page: number): number;
  _FPDF_GetPageHeightF(page: number): number;
  _FPDF_PageToDevice(
    page: number,
    startX: number,
    startY: number,
    sizeX: number,
    sizeY: number,
    rotate: number,
    pageX: number,
    pageY: number,
    deviceX: number,
    deviceY: number,
  ): number;
  _FPDFBitmap_CreateEx(width: number, height: number, format: number, buffer: number, stride: number): number;
  _FPDFBitmap_FillRect(bitmap: number, left: number, top: number, width: number, height: number, color: number): number;
  _FPDFBitmap_Destroy(bitmap: number): void;
  _FPDF_RenderPageBitmap(
    bitmap: number,
    page: number,
    startX: number,
    startY: number,
    sizeX: number,
    sizeY: number,
    rotate: number,
    flags: number,
  ): void;
  _FPDFPage_CountObjects(page: number): number;
  _FPDFPage_GetObject(page: number, index: number): number;
  _FPDFPageObj_GetType(object: number): number;
  _FPDFPageObj_GetBounds(object: number, left: number, bottom: number, right: number, top: number): number;
  _FPDFPageObj_GetMatrix(object: number, matrix: number): number;
  _FPDFFormObj_CountObjects(form: number): number;
  _FPDFFormObj_GetObject(form: number, index: number): number;
  _FPDFText_LoadPage(page: number): number;
  _FPDFText_ClosePage(text: number): void;
  _FPDFText_CountChars(text: number): number;
  _FPDFText_GetUnicode(text: number, index: number): number;
  _FPDFText_IsHyphen(text: number, index: number): number;
  _FPDFText_HasUnicodeMapError(text: number, index: number): number;
  _FPDFText_GetMatrix(text: number, index: number, matrix: number): number;
  _FPDFText_GetFontSize(text: number, index: number): number;
  _FPDFText_GetLooseCharBox(text: number, index: number, rect: number): number;
  _FPDFText_GetCharBox(text: number, index: number, left: number, right: number, bottom: number, top: number): number;
  _FPDFText_GetCharOrigin(text: number, index: number, x: number, y: number): number;
  _FPDFText_GetTextObject(text: number, index: number): number;
  _FPDFTextObj_GetTextRenderMode(object: number): number;
}

export interface Pdfium {
  readonly calls: PdfiumCalls;
  /** True once the heap was refused to grow: what fails afterwards, fails for want of memory. */
  readonly outOfMemory: () => boolean;
}

type WasmImports = Record<string, Record<string, (...args: number[]) => number>>;

/** What of WebAssembly is used here: its types come with the DOM's, which are not for programs like this. */
interface WasmEngine {
  instantiate(bytes: Uint8Array, imports: WasmImports): Promise<{ readonly instance: unknown }>;
}

function wasmEngine(): WasmEngine {
  return (globalThis as unknown as { WebAssembly: WasmEngine }).WebAssembly;
}

/** "No such file" as the module's system calls say it. */
const NO_ENTRY = -44;
/** System calls that reach for files. PDFium is given its bytes and needs none. */
const FILE_CALLS = ['openat', 'stat64', 'lstat64', 'newfstatat', 'getdents64', 'unlinkat', 'rmdir'];

/**
 * Loads PDFium with its heap bounded at `heapBytesMax` and without a file system. There is no script engine in this build,
 * and no form environment is ever made, so nothing in a PDF can run.
 */
export async function loadPdfium(heapBytesMax: number): Promise<Pdfium> {
  const wasm = readFileSync(createRequire(import.meta.url).resolve('@embedpdf/pdfium/pdfium.wasm'));
  let refused = false;
  let heapBytes = () => 0;
  const instantiateWasm = (imports: WasmImports, receive: (instance: unknown) => void) => {
    const calls = imports['env']!;
    const grow = calls['emscripten_resize_heap']!;
    calls['emscripten_resize_heap'] = (requested) => {
      // The module asks for more than it needs at first, so the bound may be passed by the heap's growth step (96 MiB).
      if (requested! >>> 0 <= heapBytesMax && heapBytes() <= heapBytesMax) return grow(requested!);
      refused = true;
      return 0;
    };
    for (const name of FILE_CALLS) calls[`__syscall_${name}`] = () => NO_ENTRY;
    void wasmEngine()
      .instantiate(wasm, imports)
      .then(({ instance }) => receive(instance));
    return {};
  };
  const silent = () => {};
  // The package's own types want Emscripten's, which are not installed; the calls above are what is used of it.
  const options = { instantiateWasm, print: silent, printErr: silent } as unknown as Parameters<typeof init>[0];
  const { pdfium } = await init(options);
  const calls = pdfium as unknown as PdfiumCalls;
  heapBytes = () => calls.HEAPU8.length;
  calls._PDFiumExt_Init();
  return { calls, outOfMemory: () => refused };
}
